import type { FinishReason, Usage } from '../kit/index.ts';

/** Failures that a provider tells by a status. */
export const statusFailures = [
  'unauthorized',
  'forbidden',
  'notFound',
  'contextTooLong',
  'invalidSetting',
  'tooLarge',
  'rateLimited',
  'quota',
  'timeout',
  'serverError',
  'unavailable',
  'overloaded',
] as const;
export type StatusFailure = (typeof statusFailures)[number];

/**
 * What else goes wrong. reset: the connection breaks before anything came. neverAnswers: nothing comes, and the connection stays.
 * malformedJson, wrongContentType, emptyReply: a reply with status 200 that is half of a JSON text, a page for people, or an object
 * without what the protocol promises. The others concern a stream, after `afterPieces` pieces: cut: the connection breaks. endsEarly: it
 * is closed in good order, without the end of the protocol. stalls: nothing more comes. errorEvent: the provider tells of an error.
 * malformedEvents: an event that is no JSON.
 */
export const wireFailures = [
  'reset',
  'neverAnswers',
  'malformedJson',
  'wrongContentType',
  'emptyReply',
  'cut',
  'endsEarly',
  'stalls',
  'errorEvent',
  'malformedEvents',
] as const;
export type WireFailure = (typeof wireFailures)[number];

export interface Failure {
  type: StatusFailure | WireFailure;
  /** Sent as the header `retry-after`. Seconds. */
  retryAfterSeconds?: number;
  /** Pieces of text that come first where a stream goes wrong. Default: 2. */
  afterPieces?: number;
  /** Instead of the provider's own sentence. */
  message?: string;
}

/** What a model answers. Everything may be left out: it then says `Hello from <model>.` at once. */
export interface Answer {
  /** A text, which is streamed word by word, or its pieces. */
  text?: string | readonly string[];
  /** An input that is a text is sent as it is: for JSON that is none. */
  toolCalls?: readonly { id?: string; name: string; input: Record<string, unknown> | string }[];
  finishReason?: FinishReason;
  /** Left out: a token for each word of the question and for each piece of the answer. null: none is sent. */
  usage?: Partial<Usage> | null;
  /** Before anything is sent, and before each piece. Milliseconds. */
  delayMilliseconds?: number;
  pieceDelayMilliseconds?: number;
  failure?: Failure | Failure['type'];
  /** For questions about vectors; left out: see `wordVector`. */
  vectors?: number[][];
}

/** A question as it came in. */
export interface Question {
  path: string;
  model: string;
  /** Parsed; {} where it is no JSON. */
  body: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
  /** All texts of the question, one a line. */
  text: string;
  /** 1 for the first question to this model on this path. */
  attempt: number;
}

/** What a model does: always the same, or what the function says of each question. */
export type Behaviour = string | Answer | ((question: Question) => string | Answer | Promise<string | Answer>);

/** An answer with everything filled in. */
export interface WholeAnswer {
  pieces: readonly string[];
  toolCalls: readonly { id: string; name: string; input: Record<string, unknown> | string }[];
  finishReason: FinishReason;
  usage: Usage | undefined;
  delayMilliseconds: number;
  pieceDelayMilliseconds: number;
  failure: Failure | undefined;
  vectors: number[][] | undefined;
}

export const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length;

export async function answerOf(behaviour: Behaviour, question: Question): Promise<WholeAnswer> {
  const said = typeof behaviour === 'function' ? await behaviour(question) : behaviour;
  const answer = typeof said === 'string' ? { text: said } : said;
  const toolCalls = (answer.toolCalls ?? []).map((call, index) => ({ ...call, id: call.id ?? `call_${index + 1}` }));
  const text = answer.text ?? (toolCalls.length > 0 ? '' : `Hello from ${question.model}.`);
  const pieces = typeof text === 'string' ? (text.match(/\s*\S+|\s+$/g) ?? []) : text;
  const counted = { inputTokens: countWords(question.text), outputTokens: pieces.length + toolCalls.length };
  return {
    pieces,
    toolCalls,
    finishReason: answer.finishReason ?? (toolCalls.length > 0 ? 'toolCalls' : 'stop'),
    usage: answer.usage === null ? undefined : { ...counted, ...answer.usage },
    delayMilliseconds: answer.delayMilliseconds ?? 0,
    pieceDelayMilliseconds: answer.pieceDelayMilliseconds ?? 0,
    failure: typeof answer.failure === 'string' ? { type: answer.failure } : answer.failure,
    vectors: answer.vectors,
  };
}
