import { z } from 'zod';
import type { Issue, PluginContext } from './context.ts';
import { toJsonSchema } from './json-schema.ts';
import type { PluginKind } from './manifest.ts';
import { InputProblem, type Plugin, type PluginMethod, ResultProblem } from './plugin.ts';

export type MaybePromise<Value> = Value | Promise<Value>;

/** What makes a plugin's methods: each of them gets the settings read by their schema. */
export class Methods<Settings> {
  readonly #schema: z.ZodType<Settings>;
  #last: { raw: unknown; settings: Settings } | undefined;

  constructor(schema: z.ZodType<Settings>) {
    this.#schema = schema;
  }

  /** A plugin from its methods; those that it does not have are undefined. */
  plugin(kind: PluginKind, methods: Record<string, PluginMethod | undefined>): Plugin {
    return {
      kind,
      settings: toJsonSchema(this.#schema, 'input'),
      methods: new Map(Object.entries(methods).flatMap(([name, method]) => (method === undefined ? [] : [[name, method]]))),
      checkSettings: async (raw) => {
        const { error } = await this.#schema.safeParseAsync(raw);
        return error === undefined ? [] : issuesOf(error);
      },
    };
  }

  /** A method with one answer. */
  call<Input, Output extends z.ZodType>(
    input: z.ZodType<Input>,
    output: Output,
    run: (input: Input, context: PluginContext<Settings>) => MaybePromise<z.input<Output>>,
  ): PluginMethod {
    return {
      ...schemas(input, output),
      isStream: false,
      run: async (raw, context) => {
        const settings = await this.#settings(context.settings);
        const parsed = await readValue(input, raw, 'input');
        return checkResult(output, await run(parsed, { ...context, settings }));
      },
    };
  }

  /** A method whose answer comes in pieces. */
  stream<Input, Piece extends z.ZodType>(
    input: z.ZodType<Input>,
    piece: Piece,
    run: (input: Input, context: PluginContext<Settings>) => AsyncIterable<z.input<Piece>>,
  ): PluginMethod {
    const pieces = async function* (this: Methods<Settings>, raw: unknown, context: PluginContext): AsyncGenerator {
      const settings = await this.#settings(context.settings);
      const parsed = await readValue(input, raw, 'input');
      for await (const made of run(parsed, { ...context, settings })) yield await checkResult(piece, made);
    };
    return { ...schemas(input, piece), isStream: true, run: pieces.bind(this) };
  }

  /** The same settings are read once, so that a function may keep what belongs to them (a client) in a WeakMap. */
  async #settings(raw: unknown): Promise<Settings> {
    if (this.#last === undefined || this.#last.raw !== raw) {
      this.#last = { raw, settings: await readValue(this.#schema, raw, 'settings') };
    }
    return this.#last.settings;
  }
}

/** @param schema undefined: the plugin has no settings */
export function methodsWith<Settings>(schema: z.ZodType<Settings> | undefined): Methods<Settings>;
export function methodsWith(schema: z.ZodType = z.strictObject({})): Methods<unknown> {
  return new Methods(schema);
}

const schemas = (input: z.ZodType, output: z.ZodType) => ({ input: toJsonSchema(input, 'input'), output: toJsonSchema(output, 'output') });

async function readValue<Value>(schema: z.ZodType<Value>, raw: unknown, what: 'input' | 'settings'): Promise<Value> {
  const read = await schema.safeParseAsync(raw);
  if (read.success) return read.data;
  const issues = issuesOf(read.error);
  throw new InputProblem(`the ${what} ${what === 'settings' ? 'do' : 'does'} not fit: ${sentence(issues)}`, issues, {
    isAboutSettings: what === 'settings',
  });
}

async function checkResult<Output extends z.ZodType>(schema: Output, made: unknown): Promise<z.output<Output>> {
  const read = await schema.safeParseAsync(made);
  if (read.success) return read.data;
  throw new ResultProblem(`the answer does not fit the plugin's own output schema: ${sentence(issuesOf(read.error))}`);
}

const issuesOf = (error: z.ZodError): Issue[] => error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));

const sentence = (issues: readonly Issue[]): string =>
  issues
    .slice(0, 5)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    .join('; ');
