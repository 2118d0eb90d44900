import type { Json, PluginKind } from '@anneal/plugins';
import type { PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound, StudioError } from '../errors.ts';
import { pause, Wake } from '../streams/wake.ts';
import type { InstalledPlugin } from './installed-plugin.ts';
import type { InstalledPlugins } from './installed-plugins.ts';
import { explainPluginError } from './plugin-errors.ts';

export interface RunPluginInput {
  projectId: string;
  name: string;
  /** As its input schema says. */
  input: unknown;
}

export interface RunPluginOptions {
  signal: AbortSignal;
  /** From 0 to 1. */
  onProgress?: (fraction: number, message?: string) => void;
}

export interface PluginResult {
  /** As its output schema says; of a source of datasets: { rows, isComplete }. */
  output: Json;
  milliseconds: number;
}

/** How far a run is, or its end: a result or a problem. */
export interface PluginRunEvent {
  /** From 0 to 1; null: the plugin has not said. */
  fraction: number | null;
  message: string | null;
  result: PluginResult | null;
  problem: StudioError | null;
}

/** Between two words about how far a run is. Milliseconds. */
const progressInterval = 100;

/** What a plugin of each kind is asked when somebody runs it. Null: it is asked by other ways alone. */
export const runMethods: Readonly<Record<PluginKind, string | null>> = {
  tool: 'execute',
  'code-generator': 'suggest',
  reward: 'score',
  embedding: 'embed',
  'dataset-source': 'read',
  'language-model': null,
  exporter: null,
};

/** JSON of an input. Characters. */
const longestInput = 1_000_000;
/** Of a source of datasets: enough to see what it gives. */
const mostRows = 100;

/** Runs plugins for members of a project. */
export class PluginCalls {
  readonly #prisma: PrismaClient;
  readonly #installed: InstalledPlugins;

  constructor(prisma: PrismaClient, installed: InstalledPlugins) {
    this.#prisma = prisma;
    this.#installed = installed;
  }

  /**
   * Runs a tool, a code generator, a reward, an embedding, or a source of datasets (its first 100 rows).
   * @throws NotFound, Invalid with issues at `input.…`, Conflict for plugins that are disabled or cannot be run, PluginFailed, Forbidden for viewers
   */
  async run(viewer: Viewer, { projectId, name, input }: RunPluginInput, options: RunPluginOptions): Promise<PluginResult> {
    const begin = await this.#prepare(viewer, { projectId, name, input });
    return begin(options);
  }

  /**
   * The same with what it says about how far it is. The last event has the result, or the problem.
   * @throws as `run`, for what is wrong before it begins
   */
  async follow(viewer: Viewer, input: RunPluginInput): Promise<(signal: AbortSignal) => AsyncGenerator<PluginRunEvent, undefined>> {
    const begin = await this.#prepare(viewer, input);
    return (signal) => events(begin, signal);
  }

  async #prepare(viewer: Viewer, { projectId, name, input }: RunPluginInput): Promise<Begin> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'execute' });
    const { plugin, method } = this.#runnable(name);
    const given = inputOf(input);
    const details = { plugin: name, version: plugin.manifest?.version ?? '' };
    await this.#prisma.$transaction((transaction) =>
      audit(transaction, viewer, { action: 'runPlugin', projectId, subject: { type: 'Plugin', id: name }, details }),
    );
    return async (options) => {
      const begun = performance.now();
      try {
        const output = method === 'read' ? await firstRows(plugin, given, options) : await plugin.call(method, given, options);
        return { output, milliseconds: performance.now() - begun };
      } catch (error) {
        throw explainPluginError(error, 'input');
      }
    };
  }

  #runnable(name: string): { plugin: InstalledPlugin; method: string } {
    const plugin = this.#installed.find(name);
    if (!plugin) throw new NotFound(`There is no plugin "${name.slice(0, 100)}".`);
    const { manifest } = plugin;
    if (!manifest) throw new Conflict(`The plugin "${name}" cannot be used as it lies there. An administrator sees why.`);
    if (!plugin.isUsable) throw new Conflict(`The plugin "${name}" is disabled. An administrator can enable it.`);
    const method = runMethods[manifest.kind];
    if (method !== null) return { plugin, method };
    throw new Conflict(
      manifest.kind === 'exporter'
        ? `The plugin "${name}" writes models in another format, and is not run by itself.`
        : `The models of the plugin "${name}" are asked through prompts, and are not run by themselves.`,
    );
  }
}

type Begin = (options: RunPluginOptions) => Promise<PluginResult>;

async function* events(begin: Begin, signal: AbortSignal): AsyncGenerator<PluginRunEvent, undefined> {
  const wake = new Wake();
  const nothing: PluginRunEvent = { fraction: null, message: null, result: null, problem: null };
  let [last, told] = [nothing, nothing];
  let failure: Error | undefined;
  const tell = (event: Partial<PluginRunEvent>) => {
    last = { ...last, ...event };
    wake.ring();
  };
  const ended = begin({ signal, onProgress: (fraction, message) => tell({ fraction, message: message ?? null }) }).then(
    (result) => tell({ fraction: 1, result }),
    (error: unknown) => {
      if (error instanceof StudioError) tell({ problem: error });
      else failure = error instanceof Error ? error : new Error(String(error));
      wake.ring();
    },
  );
  yield nothing;
  for (;;) {
    await wake.wait(signal);
    wake.reset();
    if (signal.aborted) return;
    if (failure !== undefined) throw failure;
    if (last === told) continue;
    yield (told = last);
    if (told.result !== null || told.problem !== null) return;
    await Promise.race([ended, pause(progressInterval, signal)]);
  }
}

function inputOf(given: unknown): Json {
  const refuse = (message: string) => new Invalid(message, [{ path: 'input', message }]);
  const { data, success } = z.json().safeParse(given);
  if (!success) throw refuse('The input has to be JSON.');
  if (JSON.stringify(data).length > longestInput) throw refuse(`An input has at most ${longestInput} characters as JSON.`);
  return data;
}

async function firstRows(plugin: InstalledPlugin, input: Json, options: RunPluginOptions): Promise<Json> {
  const rows: Json[] = [];
  for await (const piece of plugin.stream('read', input, options)) {
    if (rows.length === mostRows) return { rows, isComplete: false };
    rows.push(rowOf(piece));
  }
  return { rows, isComplete: true };
}

const rowOf = (piece: Json): Json => (typeof piece === 'object' && piece !== null && 'row' in piece ? piece.row : null);
