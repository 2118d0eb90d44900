import { z } from 'zod';
import type { PluginContext } from './context.ts';
import { usage } from './language-model.ts';
import { type MaybePromise, methodsWith } from './method.ts';
import type { Plugin } from './plugin.ts';

/** What code is wanted. */
export const codeRequest = z.object({
  instruction: z.string().min(1).max(100_000).describe('What the code is to do, or what is to be done with it'),
  language: z.string().max(100).optional().describe('Programming language, such as python'),
  code: z.string().max(1_000_000).optional().describe('The code that there is'),
  suggestions: z.int().min(1).max(10).default(1).describe('How many different answers'),
});
export type CodeRequest = z.output<typeof codeRequest>;

export const codeAnswer = z.object({
  suggestions: z
    .array(z.object({ title: z.string().max(500), code: z.string(), language: z.string().max(100).optional(), explanation: z.string() }))
    .max(10),
  /** Of the model that was asked. */
  usage: usage.optional(),
});
export type CodeAnswer = z.output<typeof codeAnswer>;

export interface CodeGeneratorDefinition<Settings> {
  settings?: z.ZodType<Settings>;
  suggest(request: CodeRequest, context: PluginContext<Settings>): MaybePromise<CodeAnswer>;
}

/** Writes code. Methods: `suggest`. */
export function defineCodeGenerator<Settings>(definition: CodeGeneratorDefinition<Settings>): Plugin {
  const methods = methodsWith(definition.settings);
  return methods.plugin('code-generator', {
    suggest: methods.call(codeRequest, codeAnswer, (request, context) => definition.suggest(request, context)),
  });
}
