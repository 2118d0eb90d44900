import {
  embedAnswer,
  type EmbedAnswer,
  type EmbedRequest,
  type GenerateEvent,
  generateEvent,
  type GenerateRequest,
  type Json,
  type ModelDescription,
  ModelError,
  ownModelId,
  PluginFailure,
} from '@anneal/plugins';
import { z } from 'zod';
import { Invalid, StudioError, Unavailable } from '../errors.ts';
import type { InstalledPlugin } from '../installed-plugins/installed-plugin.ts';
import type { InstalledPlugins } from '../installed-plugins/installed-plugins.ts';
import { asModelError } from '../installed-plugins/plugin-errors.ts';
import { EmbeddingBatches } from './embedding-batches.ts';
import type { LanguageModel, LanguageModels } from './language-models.ts';
import { ModelLists } from './model-lists.ts';
import { nearestNames } from './nearest-names.ts';
import type { OwnModels } from './own-models.ts';

/** The plugin that runs the studio's own models: which there are depends on the project. */
export const ownPlugin = 'anneal';

/** A model, found: the plugin that has it, its name there, and what the call has to read. */
interface Target {
  plugin: InstalledPlugin;
  model: string;
  folders?: readonly string[];
}

const counted = z.object({ tokens: z.int().min(0) });
const modelKinds: ReadonlySet<string> = new Set(['language-model', 'embedding']);

/** The models of all plugins, asked in the plugins' processes. */
export class PluginModels implements LanguageModels {
  readonly #installed: InstalledPlugins;
  readonly #own: OwnModels;
  readonly #lists = new ModelLists();
  readonly #batches = new WeakMap<InstalledPlugin, EmbeddingBatches>();

  constructor(installed: InstalledPlugins, own: OwnModels) {
    this.#installed = installed;
    this.#own = own;
  }

  async list(projectId: string): Promise<LanguageModel[]> {
    const lists = this.#plugins().map((plugin) => this.#modelsOf(plugin, projectId).catch(leftOut));
    return (await Promise.all(lists)).flat();
  }

  async find(projectId: string, id: string): Promise<LanguageModel> {
    const { plugin, model } = await this.#split(projectId, id);
    if (plugin.name === ownPlugin) return asked(plugin, (await this.#own.find(projectId, model)).description);
    const models = await this.#modelsOf(plugin, projectId).catch((error: unknown) => {
      throw unavailable(error);
    });
    const found = models.find((known) => known.id === id);
    if (!found) throw await this.#unknown(projectId, id);
    return found;
  }

  async identityOf(projectId: string, id: string): Promise<string> {
    return id.startsWith(`${ownPlugin}/`) ? this.#own.identityOf(projectId, id.slice(ownPlugin.length + 1)) : id;
  }

  async *generate(projectId: string, request: GenerateRequest, signal: AbortSignal): AsyncGenerator<GenerateEvent, undefined> {
    const { plugin, model, folders } = await this.#target(projectId, request.model);
    let hasEnded = false;
    try {
      for await (const piece of plugin.stream('generate', toJson({ ...request, model }), { signal, folders })) {
        const event = checked(generateEvent, piece, plugin);
        hasEnded = event.type === 'end';
        yield event;
        if (hasEnded) return;
      }
    } catch (error) {
      throw asModelError(error);
    }
    throw new ModelError('CUT_STREAM', `The answer of "${request.model}" broke off before its end.`);
  }

  async embed(projectId: string, request: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    const { plugin, model } = await this.#target(projectId, request.model);
    const batches = this.#batches.get(plugin) ?? new EmbeddingBatches((batch, batchSignal) => embedWith(plugin, batch, batchSignal));
    this.#batches.set(plugin, batches);
    return batches.embed({ ...request, model }, signal);
  }

  async countTokens(projectId: string, request: GenerateRequest, signal: AbortSignal): Promise<number | null> {
    const { plugin, model, folders } = await this.#target(projectId, request.model);
    try {
      const answer = await plugin.call('countTokens', toJson({ ...request, model }), { signal, folders });
      return checked(counted, answer, plugin).tokens;
    } catch (error) {
      if (error instanceof PluginFailure && error.code === 'METHOD_UNKNOWN') return null;
      throw asModelError(error);
    }
  }

  /** Loads a model, where its plugin can, so that the first question does not wait for it. @throws Invalid, ModelError */
  async warmUp(projectId: string, id: string, signal: AbortSignal): Promise<void> {
    const { plugin, model, folders } = await this.#target(projectId, id);
    try {
      await plugin.call('warmUp', { model }, { signal, folders });
    } catch (error) {
      // It has nothing to load but itself, and that was done on the way.
      if (!(error instanceof PluginFailure && error.code === 'METHOD_UNKNOWN')) throw asModelError(error);
    }
  }

  #plugins(): InstalledPlugin[] {
    return this.#installed.all.filter(({ isUsable, manifest }) => isUsable && manifest && modelKinds.has(manifest.kind));
  }

  async #modelsOf(plugin: InstalledPlugin, projectId: string): Promise<LanguageModel[]> {
    const models = await (plugin.name === ownPlugin ? this.#own.list(projectId) : this.#lists.of(plugin));
    return models.map((model) => asked(plugin, model));
  }

  /** Where a question goes. A plugin that cannot say at the moment what it has is asked all the same. */
  async #target(projectId: string, id: string): Promise<Target> {
    const { plugin, model } = await this.#split(projectId, id);
    if (plugin.name === ownPlugin) {
      const { base, adapter } = await this.#own.find(projectId, model);
      return { plugin, model: ownModelId({ base, adapter }), folders: adapter === null ? [base] : [base, adapter] };
    }
    const models = await this.#lists.of(plugin).catch(() => null);
    if (models && !models.some((known) => known.id === model)) throw await this.#unknown(projectId, id);
    return { plugin, model };
  }

  async #split(projectId: string, id: string): Promise<Target> {
    const slash = id.indexOf('/');
    const plugin = slash > 0 ? this.#installed.find(id.slice(0, slash)) : undefined;
    if (!plugin?.manifest || !modelKinds.has(plugin.manifest.kind)) throw await this.#unknown(projectId, id);
    if (!plugin.isUsable) {
      throw invalid(`The model "${id}" belongs to the plugin "${plugin.name}", which is disabled. An administrator can enable it.`);
    }
    return { plugin, model: id.slice(slash + 1) };
  }

  async #unknown(projectId: string, id: string): Promise<Invalid> {
    const names = (await this.list(projectId)).map((model) => model.id);
    const near = nearestNames(id, names).map((name) => `"${name}"`);
    const there = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : instead(names);
    return invalid(`There is no model "${id.slice(0, 200)}". ${there}`);
  }
}

function instead(names: readonly string[]): string {
  if (names.length === 0) return 'This project has no models: enable a plugin that brings some, or set its key.';
  const some = names.slice(0, 5).map((name) => `"${name}"`);
  return `There is ${some.join(', ')}${names.length > some.length ? ` and ${names.length - some.length} more` : ''}.`;
}

const asked = (plugin: InstalledPlugin, model: ModelDescription): LanguageModel => ({
  ...model,
  id: `${plugin.name}/${model.id}`,
  plugin: plugin.name,
});

/** A list goes without those of a plugin that cannot tell. Its status says why. */
function leftOut(error: unknown): [] {
  if (error instanceof PluginFailure || error instanceof ModelError || error instanceof z.ZodError) return [];
  throw error;
}

function unavailable(error: unknown): unknown {
  if (error instanceof StudioError) return error;
  if (error instanceof z.ZodError) return new Unavailable('The plugin gave something that is no list of models.', { cause: error });
  const isForeseen = error instanceof PluginFailure || error instanceof ModelError;
  return isForeseen ? new Unavailable(error.message, { cause: error }) : error;
}

async function embedWith(plugin: InstalledPlugin, request: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
  try {
    const answer = checked(embedAnswer, await plugin.call('embed', toJson(request), { signal }), plugin);
    if (answer.vectors.length === request.texts.length) return answer;
    const counts = `${answer.vectors.length} vectors for ${request.texts.length} texts`;
    throw new ModelError('MALFORMED_REPLY', `The plugin "${plugin.name}" gave ${counts}.`);
  } catch (error) {
    throw asModelError(error);
  }
}

function checked<Schema extends z.ZodType>(schema: Schema, given: unknown, { name }: InstalledPlugin): z.output<Schema> {
  const { data, success } = schema.safeParse(given);
  if (success) return data;
  throw new ModelError('MALFORMED_REPLY', `The plugin "${name}" gave something that is no answer of a model.`);
}

/** Without what is undefined, which JSON has no word for. */
const toJson = (request: object): Json => z.json().parse(JSON.parse(JSON.stringify(request)));

const invalid = (message: string): Invalid => new Invalid(message, [{ path: 'model', message }]);
