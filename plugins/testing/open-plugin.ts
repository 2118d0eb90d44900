import path from 'node:path';
import { z } from 'zod';
import { loadManifest, type PluginLogLine, PluginProcess } from '../host/index.ts';
import { type EmbedAnswer, embedAnswer, type GenerateEvent, generateEvent, type GenerateRequest } from '../kit/index.ts';

/** A question of which a test says only what it is about. */
export type ShortQuestion = Partial<GenerateRequest> & Pick<GenerateRequest, 'model'>;

/** A plugin that comes with the studio, in its own process. */
export interface OpenPlugin extends AsyncDisposable {
  process: PluginProcess;
  /** What it wrote into its log, to its standard output and its standard error so far. */
  log: PluginLogLine[];
  /** Sets it up anew, for the calls from now on. */
  configure(settings: unknown): Promise<void>;
  call(method: string, input: unknown, signal?: AbortSignal): Promise<unknown>;
  stream(question: ShortQuestion, signal?: AbortSignal): AsyncIterable<GenerateEvent>;
  /** All pieces of an answer. */
  events(question: ShortQuestion): Promise<GenerateEvent[]>;
  embed(model: string, texts: string[]): Promise<EmbedAnswer>;
}

const json = z.json();

/**
 * Opens a plugin with the network.
 * @param folders that it may read besides its own, absolute
 */
export async function openPlugin(name: string, settings: unknown, folders: readonly string[] = []): Promise<OpenPlugin> {
  const log: PluginLogLine[] = [];
  const process = new PluginProcess({
    source: await loadManifest(path.join(import.meta.dirname, '..', name), { isBuiltIn: true }),
    // The same as that of the studio: a plugin is built once for all.
    cacheFolder: path.join(import.meta.dirname, '..', '.cache'),
    settings: json.parse(settings),
    permissions: { network: true, folders },
    onLog: (line) => log.push(line),
  });
  const open: OpenPlugin = {
    process,
    log,
    configure: async (changed) => {
      await process.configure(json.parse(changed));
    },
    call: (method, input, signal) => process.call(method, input, { signal }),
    stream: (question, signal) => stream(process, question, signal),
    events: async (question) => {
      const events: GenerateEvent[] = [];
      for await (const event of open.stream(question)) events.push(event);
      return events;
    },
    embed: async (model, texts) => embedAnswer.parse(await process.call('embed', { model, texts })),
    [Symbol.asyncDispose]: () => process.stop({ graceSeconds: 0 }),
  };
  return open;
}

async function* stream(process: PluginProcess, question: ShortQuestion, signal?: AbortSignal): AsyncGenerator<GenerateEvent> {
  const whole = { messages: [{ role: 'user', content: 'Say hello.' }], maxTokens: 100, temperature: 0, ...question };
  for await (const piece of process.stream('generate', whole, { signal })) yield generateEvent.parse(piece);
}

export const textOf = (events: readonly GenerateEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');
