import type { Issue } from '@anneal/engine';
import { z } from 'zod';
import { plainText } from './plain-text.ts';
import { notJson, type PromptVariable, readVariables, type VariableValues } from './variables.ts';

/** A question and its answer, shown to the model before the question. */
export interface PromptExample {
  /** Values that the template is rendered with, or the whole question as a text. */
  input: string | VariableValues;
  output: string;
}

/** What a version of a prompt says. */
export interface Wording {
  /** Mustache. What the user says. */
  template: string;
  /** Mustache, too. Empty: none. */
  systemPrompt: string;
  variables: readonly PromptVariable[];
  examples: readonly PromptExample[];
}

/** The same as it comes from outside, or out of the database. */
export interface WordingInput {
  template: string;
  systemPrompt?: string;
  /** [{ name, type, description, default, required }] */
  variables?: unknown;
  /** [{ input, output }] */
  examples?: unknown;
}

const tooLong = 'A text of an example has at most 100,000 characters.';
const exampleText = plainText.max(100_000, tooLong);

const exampleSchema = z.strictObject({
  input: z.union([exampleText.refine((text) => text.trim() !== ''), z.record(z.string(), z.json())], {
    error: 'The input of an example is an object with values of the variables, or a text that is not empty.',
  }),
  output: exampleText.refine((text) => text.trim() !== '', 'An example needs an output.'),
});

/** Reads variables and examples. What is wrong with a part leaves it empty. */
export function readWording(input: WordingInput): { wording: Wording; issues: Issue[] } {
  const { variables, issues } = readVariables(input.variables);
  const { examples, problems } = readExamples(input.examples ?? []);
  const wording = { template: input.template, systemPrompt: input.systemPrompt ?? '', variables, examples };
  return { wording, issues: [...issues, ...problems] };
}

function readExamples(given: unknown): { examples: PromptExample[]; problems: Issue[] } {
  // Before anything else, which could go deeper than the stack.
  const parts: [path: string, part: unknown][] = Array.isArray(given)
    ? given.map((example, index) => [`examples.${index}`, example])
    : [['examples', given]];
  const problems = parts.flatMap(([path, part]) => {
    const problem = notJson(part);
    return problem === undefined ? [] : [{ path, message: `The example ${problem}` }];
  });
  if (problems.length > 0) return { examples: [], problems };
  const parsed = z.array(exampleSchema).max(50, 'A prompt has at most 50 examples.').safeParse(given);
  const wrong = (parsed.error?.issues ?? []).map(({ path, message }) => ({ path: ['examples', ...path].join('.'), message }));
  return { examples: parsed.data ?? [], problems: wrong };
}
