import { z } from 'zod';
import type { Issue, PluginContext } from './context.ts';
import { type MaybePromise, methodsWith } from './method.ts';
import { InputProblem, type Plugin } from './plugin.ts';

export interface ToolDefinition<Settings, Input, Output extends z.ZodType> {
  /** What an administrator sets: a `z.object`. Left out: there is nothing to set. */
  settings?: z.ZodType<Settings>;
  /** What a call is given. Clients draw its form from it, with `.describe()` of each field. */
  input: z.ZodType<Input>;
  /** What a call gives. */
  output: Output;
  /** What is wrong with an input that fits the schema; an empty list: nothing. */
  validate?(input: Input, context: PluginContext<Settings>): MaybePromise<readonly Issue[]>;
  /** Does the work. */
  execute(input: Input, context: PluginContext<Settings>): MaybePromise<z.input<Output>>;
}

const issues = z.array(z.object({ path: z.string().max(1000), message: z.string().max(2000) })).max(1000);

/** A tool: takes an input, gives an output. Methods: `validate`, `execute`. */
export function defineTool<Settings, Input, Output extends z.ZodType>(definition: ToolDefinition<Settings, Input, Output>): Plugin {
  const methods = methodsWith(definition.settings);
  const validate = async (input: Input, context: PluginContext<Settings>) => [...((await definition.validate?.(input, context)) ?? [])];
  return methods.plugin('tool', {
    validate: methods.call(definition.input, issues, validate),
    execute: methods.call(definition.input, definition.output, async (input, context) => {
      const found = await validate(input, context);
      if (found.length > 0) throw new InputProblem(`the input does not fit: ${found.map(({ message }) => message).join('; ')}`, found);
      return definition.execute(input, context);
    }),
  });
}
