import { z } from 'zod';

/** Version of the author's interface. A manifest names the range that its plugin was written for. */
export const kitVersion = '1.0.0';

export const pluginKinds = ['tool', 'language-model', 'code-generator', 'embedding', 'reward', 'dataset-source', 'exporter'] as const;
export type PluginKind = (typeof pluginKinds)[number];

/** Most that a manifest may ask for. */
const most = { memoryMb: 65_536, timeoutSeconds: 86_400, concurrency: 1000, resultMb: 64, idleSeconds: 86_400 };

/** What a plugin may take. What is left out has a default that fits its kind. */
export const pluginLimits = z.strictObject({
  /** Memory of the process, all kinds together. MiB. */
  memoryMb: z.int().min(128).max(most.memoryMb).default(512),
  /** For one call, or between two pieces of an answer in pieces. Seconds. */
  timeoutSeconds: z.number().positive().max(most.timeoutSeconds).default(60),
  /** Until the plugin is loaded. Seconds. */
  startSeconds: z.number().positive().max(600).default(30),
  /** For which one piece of code may keep the process from answering. Seconds. */
  unresponsiveSeconds: z.number().positive().max(600).default(10),
  /** Calls at once. */
  concurrency: z.int().min(1).max(most.concurrency).default(64),
  /** JSON of one result, or of one piece. MiB. */
  resultMb: z.number().positive().max(most.resultMb).default(8),
  /** Without a call after which the process is ended; the next call starts it again. Seconds. */
  idleSeconds: z.number().positive().max(most.idleSeconds).default(300),
});
export type PluginLimits = z.output<typeof pluginLimits>;

export const pluginPermissions = z.strictObject({
  /** Connections to other machines. The operator has to agree. */
  network: z.boolean().default(false),
  /** Native code (ONNX Runtime). Only for plugins that come with the studio. */
  nativeAddons: z.boolean().default(false),
  /** Reads folders that the studio names at the start, such as those of models. Only for plugins that come with the studio. */
  folders: z.boolean().default(false),
});
export type PluginPermissions = z.output<typeof pluginPermissions>;

const line = (length: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(length)
    .regex(/^[^\p{Cc}]*$/u, 'has to be one line');

/** A file inside the plugin's folder: no way out of it, none from the root. */
const insidePath = z
  .string()
  .max(200)
  .regex(
    /^[\w.-]+(\/[\w.-]+)*\.(ts|mts|js|mjs)$/,
    'has to be the path of a .ts, .mts, .js or .mjs file inside the folder, such as "main.ts"',
  )
  .refine((file) => !file.split('/').includes('..'), 'must not lead out of the folder');

/** `plugin.json`, beside the plugin's main module. */
export const pluginManifest = z.strictObject({
  /** The same as the folder's. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'has to be lower-case words with hyphens between, such as "word-count"')
    .max(60),
  /** Semantic version of the plugin: 1.2.0. */
  version: z
    .string()
    .regex(/^\d+\.\d+\.\d+(-[\w.-]+)?$/, 'has to be a version such as 1.0.0')
    .max(60),
  /** Versions of the kit that it works with, a range of npm's: ^1.0.0. */
  kit: z.string().min(1).max(60),
  kind: z.enum(pluginKinds),
  title: line(100).optional(),
  description: line(500),
  author: line(200),
  tags: z.array(line(40)).max(20).default([]),
  main: insidePath.default('main.ts'),
  permissions: pluginPermissions.prefault({}),
  /**
   * Settings that come from the environment of the studio while nobody has set them: {"ANTHROPIC_API_KEY": "apiKey"}. Only for plugins that
   * come with the studio.
   */
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]{0,99}$/), z.string().min(1).max(100)).default({}),
  limits: pluginLimits.prefault({}),
});
export type PluginManifest = z.output<typeof pluginManifest>;
