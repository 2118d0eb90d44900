import { z } from 'zod';
import { modelErrorCodes } from '../kit/model-error.ts';
import { pluginKinds } from '../kit/manifest.ts';
import type { Json } from '../kit/plugin.ts';

/** Longest texts that are told: of an error, of a line of the log. Characters. */
export const longestText = 8000;

const id = z.int().min(0);
const text = z.string().max(longestText);
const issues = z.array(z.object({ path: z.string().max(1000), message: text })).max(1000);
/** It is known to be plain JSON: looking at each value again would take long. */
const jsonSchema = z.record(z.string(), z.custom<Json>());

/** Pieces of an answer that a plugin may send before the first of them is taken. */
export const streamWindow = 16;

/** What the studio tells a plugin's process, one line of JSON each. */
export const toPlugin = z.discriminatedUnion('type', [
  /** The first message. `file`: of the built plugin. */
  z.object({ type: z.literal('load'), file: z.string(), isNetworkAllowed: z.boolean(), settings: z.unknown(), longestResult: z.int() }),
  z.object({ type: z.literal('call'), id, method: z.string(), input: z.unknown() }),
  z.object({ type: z.literal('cancel'), id }),
  /** So many more pieces may be sent. */
  z.object({ type: z.literal('take'), id, pieces: z.int().min(1) }),
  z.object({ type: z.literal('checkSettings'), id, settings: z.unknown() }),
  z.object({ type: z.literal('configure'), id, settings: z.unknown() }),
  z.object({ type: z.literal('ping'), id }),
]);
export type ToPlugin = z.output<typeof toPlugin>;

const callError = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('threw'), message: text }),
  z.object({ kind: z.literal('input'), message: text, issues }),
  z.object({ kind: z.literal('settings'), message: text, issues }),
  z.object({ kind: z.literal('result'), message: text }),
  z.object({ kind: z.literal('tooLarge'), message: text }),
  z.object({ kind: z.literal('unknownMethod'), message: text }),
  z.object({
    kind: z.literal('model'),
    message: text,
    code: z.enum(modelErrorCodes),
    retryAfterSeconds: z.number().min(0).max(1e6).optional(),
  }),
]);
export type CallError = z.output<typeof callError>;

const description = z.object({
  kind: z.enum(pluginKinds),
  settings: jsonSchema,
  methods: z.record(z.string().regex(/^[a-zA-Z]{1,40}$/), z.object({ input: jsonSchema, output: jsonSchema, isStream: z.boolean() })),
});

/** What a plugin's process tells. Nothing in it is to be trusted: all of it is checked, and most of it is limited in number. */
export const fromPlugin = z.discriminatedUnion('type', [
  z.object({ type: z.literal('loaded'), description, settingsIssues: issues }),
  z.object({ type: z.literal('notLoaded'), message: text }),
  z.object({ type: z.literal('result'), id, value: z.unknown() }),
  z.object({ type: z.literal('piece'), id, value: z.unknown() }),
  z.object({ type: z.literal('end'), id }),
  z.object({ type: z.literal('error'), id, error: callError }),
  z.object({ type: z.literal('settingsIssues'), id, issues }),
  z.object({ type: z.literal('progress'), id, fraction: z.number().min(0).max(1), message: text.optional() }),
  z.object({
    type: z.literal('log'),
    id: id.optional(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: text,
    fields: z.record(z.string(), z.unknown()).optional(),
  }),
  z.object({ type: z.literal('pong'), id }),
]);
export type FromPlugin = z.output<typeof fromPlugin>;
