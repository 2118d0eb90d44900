import { z } from 'zod';

/** What a language model can be asked for, besides text. */
export const capabilities = ['generate', 'embed', 'countTokens', 'system', 'tools'] as const;
export type Capability = (typeof capabilities)[number];

/** USD for a million tokens. */
export const tokenPrice = z.object({
  inputPerMillion: z.number().min(0),
  outputPerMillion: z.number().min(0),
  /** Input that the provider had read before, and input that it keeps. Left out: as much as other input. */
  cacheReadPerMillion: z.number().min(0).optional(),
  cacheWritePerMillion: z.number().min(0).optional(),
});
export type TokenPrice = z.output<typeof tokenPrice>;

/** A model as its plugin describes it. */
export const modelDescription = z.object({
  /** Its name within the plugin: letters, digits and `. _ : @ / -`. */
  id: z
    .string()
    .regex(/^[\w.:@/-]{1,200}$/)
    .describe('Name within the plugin'),
  name: z.string().max(200),
  description: z.string().max(2000).default(''),
  capabilities: z.array(z.enum(capabilities)),
  /** Most tokens of question and answer together, and of an answer. Left out: not known. */
  contextTokens: z.int().positive().optional(),
  maxOutputTokens: z.int().positive().optional(),
  price: tokenPrice.optional(),
});
export type ModelDescription = z.output<typeof modelDescription>;

/** Something that the model may ask to be called. */
export const toolDescription = z.object({
  name: z.string().regex(/^[\w-]{1,64}$/),
  description: z.string().max(10_000),
  /** JSON Schema of an object. */
  inputSchema: z.record(z.string(), z.json()),
});
export type ToolDescription = z.output<typeof toolDescription>;

const toolCall = z.object({ id: z.string(), name: z.string(), input: z.record(z.string(), z.json()) });
export type ToolCall = z.output<typeof toolCall>;

/** One turn of a conversation. */
export const message = z.discriminatedUnion('role', [
  z.object({ role: z.literal('user'), content: z.string() }),
  z.object({ role: z.literal('assistant'), content: z.string(), toolCalls: z.array(toolCall).optional() }),
  z.object({ role: z.literal('tool'), toolCallId: z.string(), content: z.string(), isError: z.boolean().optional() }),
]);
export type Message = z.output<typeof message>;

/** A question to a model. */
export const generateRequest = z.object({
  /** Id of the model within its plugin. */
  model: z.string(),
  system: z.string().optional(),
  /** Begins and ends with the user, or ends with results of tools. */
  messages: z.array(message).min(1),
  maxTokens: z.int().min(1),
  /** 0: always the most likely token. */
  temperature: z.number().min(0).max(2),
  topP: z.number().gt(0).max(1).optional(),
  stop: z.array(z.string().min(1)).max(16).optional(),
  seed: z.int().min(0).optional(),
  tools: z.array(toolDescription).max(128).optional(),
});
export type GenerateRequest = z.output<typeof generateRequest>;

export const usage = z.object({
  /** All tokens of the question, those read from the provider's cache and those written to it included. */
  inputTokens: z.int().min(0),
  outputTokens: z.int().min(0),
  cacheReadTokens: z.int().min(0).optional(),
  cacheWriteTokens: z.int().min(0).optional(),
});
export type Usage = z.output<typeof usage>;

/** What an answer ended with: `stop`: by itself or at a stop text; `length`: at maxTokens. */
export const finishReasons = ['stop', 'length', 'toolCalls', 'refusal'] as const;
export type FinishReason = (typeof finishReasons)[number];

/** A piece of an answer. The last one is the `end`; an answer without it was cut. */
export const generateEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('toolCall'), call: toolCall }),
  z.object({ type: z.literal('end'), finishReason: z.enum(finishReasons), usage: usage.optional() }),
]);
export type GenerateEvent = z.output<typeof generateEvent>;

/** @property inputType what the vectors are for, where a model tells these apart */
export const embedRequest = z.object({
  model: z.string(),
  texts: z.array(z.string()).min(1).max(1000),
  inputType: z.enum(['query', 'document']).optional(),
});
export type EmbedRequest = z.output<typeof embedRequest>;

/** One vector a text, all of the same length. */
export const embedAnswer = z.object({ vectors: z.array(z.array(z.number())), usage: usage.partial().optional() });
export type EmbedAnswer = z.output<typeof embedAnswer>;
