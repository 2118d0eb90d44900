import { z } from 'zod';
import type { PluginContext } from './context.ts';
import {
  embedAnswer,
  type EmbedAnswer,
  embedRequest,
  type EmbedRequest,
  type GenerateEvent,
  generateEvent,
  generateRequest,
  type GenerateRequest,
  modelDescription,
} from './language-model.ts';
import { type MaybePromise, methodsWith } from './method.ts';
import type { Plugin } from './plugin.ts';

type Described = z.input<typeof modelDescription>;

/** Models are told again after each change of the settings. What goes wrong is thrown as a ModelError. */
export interface LanguageModelDefinition<Settings> {
  settings?: z.ZodType<Settings>;
  models(context: PluginContext<Settings>): MaybePromise<readonly Described[]>;
  /** The pieces of an answer as they come, the `end` last. A function that is written `async *generate(…)`. */
  generate?: (request: GenerateRequest, context: PluginContext<Settings>) => AsyncIterable<GenerateEvent>;
  embed?: (request: EmbedRequest, context: PluginContext<Settings>) => MaybePromise<EmbedAnswer>;
  /** Tokens of a question. */
  countTokens?: (request: GenerateRequest, context: PluginContext<Settings>) => MaybePromise<number>;
  /** Loads a model, so that the first question does not wait for it. */
  warmUp?: (model: string, context: PluginContext<Settings>) => MaybePromise<void>;
  /** Gives a model's memory back. */
  unload?: (model: string, context: PluginContext<Settings>) => MaybePromise<void>;
}

const nothing = z.strictObject({});
const models = z.object({ models: z.array(modelDescription).max(10_000) });
const oneModel = z.strictObject({ model: z.string() });

/**
 * Language models that the plugin brings. Methods: `models` ({} → {models}), `generate` (in pieces), `embed`, `countTokens`
 * (→ {tokens}), `warmUp` and `unload` ({model} → {}); those that are not defined are not there.
 */
export function defineLanguageModel<Settings>(definition: LanguageModelDefinition<Settings>): Plugin {
  const methods = methodsWith(definition.settings);
  const { generate, embed, countTokens, warmUp, unload } = definition;
  const told = async (context: PluginContext<Settings>) => ({ models: [...(await definition.models(context))] });
  return methods.plugin('language-model', {
    models: methods.call(nothing, models, (_, context) => told(context)),
    generate: generate && methods.stream(generateRequest, generateEvent, (request, context) => generate(request, context)),
    embed: embed && methods.call(embedRequest, embedAnswer, (request, context) => embed(request, context)),
    countTokens:
      countTokens &&
      methods.call(generateRequest, z.object({ tokens: z.int().min(0) }), async (request, context) => ({
        tokens: await countTokens(request, context),
      })),
    warmUp: warmUp && methods.call(oneModel, nothing, async ({ model }, context) => (await warmUp(model, context), {})),
    unload: unload && methods.call(oneModel, nothing, async ({ model }, context) => (await unload(model, context), {})),
  });
}

export interface EmbeddingDefinition<Settings> {
  settings?: z.ZodType<Settings>;
  models(context: PluginContext<Settings>): MaybePromise<readonly Described[]>;
  embed(request: EmbedRequest, context: PluginContext<Settings>): MaybePromise<EmbedAnswer>;
}

/** Models that turn texts into vectors and do nothing else. Methods: `models`, `embed`. */
export function defineEmbedding<Settings>(definition: EmbeddingDefinition<Settings>): Plugin {
  const methods = methodsWith(definition.settings);
  return methods.plugin('embedding', {
    models: methods.call(nothing, models, async (_, context) => ({ models: [...(await definition.models(context))] })),
    embed: methods.call(embedRequest, embedAnswer, (request, context) => definition.embed(request, context)),
  });
}
