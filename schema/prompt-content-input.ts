import type { VersionInput } from '@anneal/core';
import { builder } from './builder.ts';
import { PromptExampleInput, PromptVariableInput } from './prompt-variable.ts';

export const PromptContentInput = builder.inputType('PromptContentInput', {
  description: 'The wording of a prompt, and what it is asked with. Paths of issues begin inside of it: `template`, `variables.0.name`.',
  fields: (t) => ({
    template: t.string({ description: 'Mustache template of what the user says; 1 to 100,000 characters. A first version needs one.' }),
    systemPrompt: t.string({ description: 'Mustache template of the system prompt; at most 100,000 characters.' }),
    variables: t.field({ type: [PromptVariableInput], description: 'What is filled in; at most 100.' }),
    examples: t.field({ type: [PromptExampleInput], description: 'Questions with answers that are shown before; at most 50.' }),
    model: t.string({ description: 'The model that it is for, `plugin/model`. Null: whoever executes it says which.' }),
    temperature: t.float({ description: '0 to 2; 0, which is what a first version has, always takes the most likely token.' }),
    topP: t.float({
      description: 'Share of the most likely tokens that are drawn from: above 0, at most 1, which is what a first version has.',
    }),
    maxTokens: t.int({ description: 'Most tokens of an answer, 1 to 1,000,000. A first version has 1,024.' }),
    stop: t.stringList({ description: 'Texts that end an answer; at most 16, of 1 to 200 characters.' }),
  }),
});

/** The same as the studio takes it: what is null is left out, but for the model, where that says something. */
export function contentOf(content: typeof PromptContentInput.$inferInput): Partial<VersionInput> {
  const { model, variables, examples, ...others } = content;
  return {
    model,
    template: others.template ?? undefined,
    systemPrompt: others.systemPrompt ?? undefined,
    variables: variables?.map(({ name, type, description, default: fallback, required }) => ({
      ...{ name, type: type ?? 'string', description: description ?? '', required: required ?? true },
      ...(fallback != null && { default: fallback }),
    })),
    examples: examples ?? undefined,
    temperature: others.temperature ?? undefined,
    topP: others.topP ?? undefined,
    maxTokens: others.maxTokens ?? undefined,
    stop: others.stop ?? undefined,
  };
}
