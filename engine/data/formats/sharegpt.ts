import { z } from 'zod';
import { defineTextFormat } from './format.ts';
import { turnSegments } from './messages.ts';
import { hasAnswer, listOf, toolsSchema, type Turn, turnSchema } from './turns.ts';

/** Who speaks, in the words of the datasets of this form. */
const roles: Record<string, string> = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  model: 'assistant',
  chatgpt: 'assistant',
  system: 'system',
  tool: 'tool',
  observation: 'tool',
  function_response: 'tool',
  function_call: 'assistant',
};

const known = Object.keys(roles).join(', ');

const turn = z
  .looseObject({ from: z.enum(Object.keys(roles), `must be one of ${known}`), value: z.string() })
  .transform((message, context): Turn => {
    const role = roles[message.from] ?? message.from;
    if (message.from !== 'function_call') return { role, content: message.value };
    const call = callsOf(message.value);
    if (call.success) return call.data;
    context.addIssue({ code: 'custom', path: ['value'], message: 'is not a call as JSON: {"name": …, "arguments": {…}}' });
    return z.NEVER;
  });

/** One call, or a list of them, written as JSON text. */
function callsOf(text: string): ReturnType<typeof turnSchema.safeParse> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // The schema refuses null.
  }
  const calls = (Array.isArray(value) ? value : [value]).map((call: unknown) => ({ function: call }));
  return turnSchema.safeParse({ role: 'assistant', tool_calls: calls });
}

/** Conversations as ShareGPT exports them: a list of {from, value}, perhaps with a system message and tools beside it. */
export const sharegpt = defineTextFormat({
  name: 'sharegpt',
  fields: ['conversations'],
  optional: ['system', 'tools'],
  needs: 'conversations, a list of {from, value} with at least one from gpt',
  schema: z.looseObject({
    conversations: listOf(turn).refine(hasAnswer, 'nothing is from gpt'),
    system: z.string().nullish(),
    tools: toolsSchema,
  }),
  toSegments: ({ conversations, system, tools }, tokenizer) =>
    turnSegments(system ? [{ role: 'system', content: system }, ...conversations] : conversations, tools, tokenizer),
});
