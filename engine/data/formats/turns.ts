import { z } from 'zod';
import type { ChatMessage, ToolCall } from '../../tokenizer/chat-template.ts';

/** A message as it is learned from. */
export interface Turn extends ChatMessage {
  /** 0 where a message of the assistant is context only. */
  weight?: number;
}

/** JSON as text stands for what it says: CSV and some Parquet files have no other way to hold a list. */
const parsed = (value: unknown): unknown => {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
};

/** A list, or a list as JSON text. */
export const listOf = <T extends z.ZodType>(item: T) => z.preprocess(parsed, z.array(item));

/** JSON schemas of functions. They are passed to the chat template as they are. */
export const toolsSchema = z.preprocess(
  (value) => (value === '' ? undefined : parsed(value)),
  z.array(z.preprocess(parsed, z.record(z.string(), z.unknown()))).nullish(),
);

const argumentsSchema = z.preprocess(
  (value) => (value === '' ? {} : parsed(value)),
  z.record(z.string(), z.unknown(), 'is not a JSON object'),
);

const toolCallSchema = z
  .looseObject({ id: z.string().nullish(), function: z.looseObject({ name: z.string().min(1), arguments: argumentsSchema }) })
  .transform((call): ToolCall => ({
    ...(call.id ? { id: call.id } : {}),
    type: 'function',
    function: { name: call.function.name, arguments: call.function.arguments },
  }));

const textPart = z.looseObject({ type: z.literal('text', 'only parts of the type "text" can be learned'), text: z.string() });

/** OpenAI's messages: text, or a list of text parts, or calls of tools. */
export const turnSchema = z
  .looseObject({
    role: z.string().min(1),
    content: z.union([z.string(), z.array(textPart).transform((parts) => parts.map(({ text }) => text).join(''))]).nullish(),
    tool_calls: z.array(toolCallSchema).nullish(),
    tool_call_id: z.string().nullish(),
    name: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    weight: z.number().nullish(),
  })
  .transform((message, context): Turn => {
    const { role, content, tool_calls, tool_call_id, name, reasoning_content, weight } = message;
    const calls = tool_calls && tool_calls.length > 0 ? tool_calls : undefined;
    if (typeof content !== 'string' && !calls) context.addIssue({ code: 'custom', path: ['content'], message: 'is missing' });
    return {
      role,
      content: content ?? '',
      ...(calls && { tool_calls: calls }),
      ...(tool_call_id && { tool_call_id }),
      ...(name && { name }),
      ...(reasoning_content && { reasoning_content }),
      ...(typeof weight === 'number' && { weight }),
    };
  });

/** A conversation with something to learn. */
export const hasAnswer = (turns: readonly Turn[]): boolean => turns.some(({ role }) => role === 'assistant');
export const noAnswer = 'no message has the role "assistant"';

/** A text or a conversation. JSON text is a conversation only where it looks like one: an answer may well be JSON. */
export const textOrTurns = z.preprocess(
  (value) => {
    const list = parsed(value);
    return Array.isArray(list) && list.length > 0 && list.every(isTurn) ? list : value;
  },
  z.union([z.string(), z.array(turnSchema).min(1)]),
);

const isTurn = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'role' in value && ('content' in value || 'tool_calls' in value);
