import { z } from 'zod';

/** What the process is asked: an answer of the base model and the tuned one to the same prompt. */
const playgroundRequest = z.object({
  id: z.int(),
  prompt: z.string(),
  settings: z.object({
    temperature: z.number(),
    topK: z.int(),
    topP: z.number(),
    maxTokens: z.int(),
    seed: z.int(),
    stop: z.array(z.string()),
  }),
});
export type PlaygroundRequest = z.output<typeof playgroundRequest>;

export const playgroundMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('request'), request: playgroundRequest }),
  z.object({ type: z.literal('cancel'), id: z.int() }),
]);
export type PlaygroundMessage = z.output<typeof playgroundMessage>;

/** A piece of an answer. `seconds` since the first request for this side, `problem` when it could not be written. */
export const playgroundChunk = z.object({
  id: z.int(),
  side: z.enum(['BASE', 'TUNED']),
  text: z.string(),
  done: z.boolean(),
  tokens: z.int(),
  seconds: z.number(),
  problem: z.string().nullable(),
});
export type PlaygroundChunk = z.output<typeof playgroundChunk>;

/** Arguments of the process, as JSON: where the base model lies, and the adapter, the whole tuned model, or a checkpoint with the configuration of its run. */
export const playgroundModels = z.object({
  baseFolder: z.string(),
  tuned: z.discriminatedUnion('kind', [
    z.object({ kind: z.enum(['adapter', 'model']), folder: z.string() }),
    z.object({ kind: z.literal('checkpoint'), folder: z.string(), config: z.unknown() }),
  ]),
  threads: z.int().default(0),
});
export type PlaygroundModels = z.output<typeof playgroundModels>;
