import { EngineError } from '../errors.ts';
import type { ChatMessage } from '../tokenizer/chat-template.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { encodeBeginning, type Segment, type SegmentedText } from './segments.ts';

/**
 * How a conversation reads for a model without a chat template, after the wording of Alpaca (Taori et al. 2023):
 *
 *     {system}
 *
 *     ### Instruction:
 *     {user}
 *
 *     ### Response:
 *     {assistant}<end token>
 */
const defaultHeadings: Record<string, string> = { system: '', user: '### Instruction:\n', assistant: '### Response:\n' };

/**
 * The ids of a prompt at generation, exactly as training has seen them: by the model's chat template, else by the default
 * one. The last message is the user's.
 * @throws EngineError `DATASET_INVALID` where the chat template refuses the conversation
 */
export function encodePrompt(tokenizer: Tokenizer, messages: readonly ChatMessage[]): number[] {
  return encodeBeginning(promptText(tokenizer, messages), tokenizer, !tokenizer.hasChatTemplate);
}

/** The text of a prompt at generation, up to where the assistant begins to write. */
export function promptText(tokenizer: Tokenizer, messages: readonly ChatMessage[]): string {
  if (tokenizer.hasChatTemplate) return tokenizer.applyChatTemplate(messages, { addGenerationPrompt: true });
  return [...defaultSegments(messages), { text: defaultHeadings.assistant ?? '' }].map(({ text }) => text).join('');
}

/** What belongs to a conversation besides its messages. */
export interface ConversationOptions {
  /** JSON schemas of the functions that the assistant may call. Only a chat template can tell the model of them. */
  tools?: readonly unknown[];
  /** Which messages are learned, by their index, when they are the assistant's. Default all. */
  learned?: (index: number) => boolean;
}

/**
 * A conversation as training text: what the assistant says, and the end of its turn, are the targets.
 * @throws EngineError `DATASET_INVALID` where the chat template refuses it, or tools are used without a chat template
 */
export function conversationSegments(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  { tools, learned = () => true }: ConversationOptions = {},
): SegmentedText {
  if (tokenizer.hasChatTemplate) return { segments: templateSegments(tokenizer, messages, tools, learned), addSpecialTokens: false };
  if ((tools && tools.length > 0) || messages.some(({ tool_calls }) => tool_calls !== undefined)) {
    throw new EngineError('DATASET_INVALID', 'Tools need a chat template, and the model has none.');
  }
  return { segments: defaultSegments(messages, learned), addSpecialTokens: true };
}

function defaultSegments(messages: readonly ChatMessage[], learned: (index: number) => boolean = () => true): Segment[] {
  return messages.flatMap(({ role, content }, index): Segment[] => {
    const heading = defaultHeadings[role] ?? `### ${role}:\n`;
    if (role !== 'assistant') return [{ text: `${heading}${content}\n\n`, target: false }];
    // The end token stands between this turn and the next.
    return [
      { text: heading, target: false },
      { text: content, target: learned(index), ends: true },
    ];
  });
}

/**
 * Renders the conversation up to before and after each of the assistant's turns that are learned; what has come in between is
 * the target. Some templates write an earlier turn in another way than the last one (they drop its reasoning): then only the
 * last turn is learned, since it is the only one that reads as it will at generation.
 */
function templateSegments(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  tools: readonly unknown[] | undefined,
  learned: (index: number) => boolean,
): Segment[] {
  const render = (end: number, addGenerationPrompt: boolean) =>
    tokenizer.applyChatTemplate(messages.slice(0, end), { addGenerationPrompt, tools });
  const turns = messages.flatMap(({ role }, index) => (role === 'assistant' && learned(index) ? [index] : []));
  const last = turns.at(-1);
  if (last === undefined) return [];
  return turnsAsSegments(render, turns, tokenizer.eosToken) ?? turnsAsSegments(render, [last], tokenizer.eosToken) ?? refuse();
}

function refuse(): never {
  throw new EngineError(
    'DATASET_INVALID',
    "The model's chat template does not render a prompt as the beginning of the conversation, so prompt and answer cannot be told apart.",
  );
}

/** Null where a rendered prompt is not the beginning of what follows it. */
function turnsAsSegments(
  render: (end: number, addGenerationPrompt: boolean) => string,
  turns: readonly number[],
  eosToken: string,
): Segment[] | null {
  const segments: Segment[] = [];
  let known = '';
  for (const turn of turns) {
    const prompt = render(turn, true);
    const whole = render(turn + 1, false);
    if (!prompt.startsWith(known) || !whole.startsWith(prompt)) return null;
    const answer = splitAtEnd(whole.slice(prompt.length), eosToken);
    segments.push(
      { text: prompt.slice(known.length), target: false },
      { text: answer.target, target: true },
      { text: answer.rest, target: false },
    );
    known = whole;
  }
  return closeLastTurn(segments, eosToken);
}

/** What a template writes after the end token (a line break) is not for the model to write: generation has stopped there. */
function splitAtEnd(answer: string, eosToken: string): { target: string; rest: string } {
  const end = answer.lastIndexOf(eosToken);
  if (end < 0 || answer.slice(end + eosToken.length).trim() !== '') return { target: answer, rest: '' };
  return { target: answer.slice(0, end + eosToken.length), rest: answer.slice(end + eosToken.length) };
}

/** The conversation ends with the end token as a target, also where the template writes none or another one. */
function closeLastTurn(segments: Segment[], eosToken: string): Segment[] {
  const open = segments.slice(0, -1);
  const answer = open.at(-1);
  if (answer && !answer.text.endsWith(eosToken)) answer.ends = true;
  return open;
}
