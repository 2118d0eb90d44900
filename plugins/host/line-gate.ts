import { Budget } from './budget.ts';
import { type FromPlugin, fromPlugin } from './messages.ts';
import { isPlainJson } from './plain-json.ts';
import type { Ending } from './plugin-failure.ts';

/** What a message answers: a call that somebody waits for, one that was given up but has not ended, or nothing. */
export type Standing = 'awaited' | 'left' | 'none';

export interface LineGateOptions {
  /** One answer or piece, bytes. */
  longestAnswer: number;
  standingOf(id: number): Standing;
}

const mebibyte = 1024 * 1024;
/** What answers no call: a description, a log, progress, an error. Characters of a line, and of all: a second, and at once. */
const longestUnasked = 4 * mebibyte;
const unaskedLength = { perSecond: 256 * 1024, atOnce: 8 * mebibyte };
/** Messages of logs and of progress. */
const unasked = { perSecond: 1000, atOnce: 5000 };
/** Texts, numbers, lists and so on in one line: read, each takes far more memory than its characters. */
const mostUnaskedValues = 100_000;
const leastCharactersAValue = 16;

/** How a line begins that answers a call, as the program inside writes it. */
const answer = /^\{"type":"(result|piece)","id":(\d{1,15}),"value":/;

/**
 * Reads the lines that a plugin's process sends. What a line would cost is known before it is parsed: its length, the number of its values,
 * and whether anybody waits for it.
 */
export class LineGate {
  readonly #options: LineGateOptions;
  readonly #unasked = new Budget(unasked.perSecond, unasked.atOnce);
  readonly #unaskedLength = new Budget(unaskedLength.perSecond, unaskedLength.atOnce);

  constructor(options: LineGateOptions) {
    this.#options = options;
  }

  /** Bytes of any line. */
  get longest(): number {
    return Math.max(longestUnasked, this.#options.longestAnswer + 100);
  }

  /** The message of a line, or why its sender is to be ended. */
  read(line: string): { message: FromPlugin } | { ending: Ending } {
    const [, type, digits] = answer.exec(line) ?? [];
    if (type !== 'result' && type !== 'piece') return this.#readUnasked(line);
    const id = Number(digits);
    const standing = this.#options.standingOf(id);
    if (standing === 'none' && !this.#unaskedLength.take(line.length)) return flood;
    // Nobody looks at its value: it is not even parsed.
    if (standing !== 'awaited') return { message: { type, id, value: null } };
    if (line.length > this.#options.longestAnswer + 100) return tooLarge;
    if (valuesIn(line) > Math.max(mostUnaskedValues, this.#options.longestAnswer / leastCharactersAValue)) return tooMany;
    const message = parse(line);
    // Names that come twice in an object could say something else in the end.
    return message?.type === type && message.id === id ? { message } : malformed;
  }

  #readUnasked(line: string): { message: FromPlugin } | { ending: Ending } {
    if (line.length > longestUnasked || !this.#unaskedLength.take(line.length)) return flood;
    if (valuesIn(line) > mostUnaskedValues) return tooMany;
    const message = parse(line);
    if (message === undefined || message.type === 'result' || message.type === 'piece') return malformed;
    if ((message.type === 'log' || message.type === 'progress') && !this.#unasked.take(1)) return flood;
    return { message };
  }
}

const flood = { ending: { code: 'CHANNEL_FLOOD', message: 'flooded its channel' } } as const;
const malformed = { ending: { code: 'MALFORMED_MESSAGE', message: 'wrote something on its channel that is no message' } } as const;
const tooLarge = { ending: { code: 'RESULT_TOO_LARGE', message: 'sent more on its channel than an answer may have' } } as const;
const tooMany = { ending: { code: 'RESULT_TOO_LARGE', message: 'sent more values in one message than a message may have' } } as const;

/** Undefined: it is no message. */
function parse(line: string): FromPlugin | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return isPlainJson(parsed) ? fromPlugin.safeParse(parsed).data : undefined;
  } catch {
    return undefined;
  }
}

const [quote, backslash, comma, list, object] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b];

/** Most values that a JSON text can have: counted by what stands before each of them, outside of texts. */
function valuesIn(line: string): number {
  let values = 1;
  let isText = false;
  for (let at = 0; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (isText) {
      if (code === backslash) at += 1;
      else if (code === quote) isText = false;
    } else if (code === quote) isText = true;
    else if (code === comma || code === list || code === object) values += 1;
  }
  return values;
}
