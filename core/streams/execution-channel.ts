import type { Execution, PrismaClient } from '@anneal/prisma';
import { NotFound } from '../errors.ts';
import { hasEnded } from '../executions/states.ts';
import type { Bus } from './bus.ts';
import { encodeCursor } from './cursor.ts';
import type { Channel, Page, Part } from './page.ts';

/** Some more of an execution. */
export interface ExecutionMessage {
  /** Goes on behind this message. */
  cursor: string;
  executionId: string;
  /** Which asking of the model the text belongs to, from 1; 0: it came out of the output cache. A higher one begins the text anew. */
  attempt: number;
  text: string;
  /** Whether it has ended: then this is the last message. */
  isEnd: boolean;
}

/** The texts that are known without looking into the database. */
export interface StoredTexts {
  storedText(executionId: string): { attempt: number; text: string } | undefined;
}

/** Of a message. UTF-16 units. */
const textAPage = 65_536;
/** Room for the text of one attempt: positions rise from attempt to attempt. */
const attemptSpan = 2 ** 32;

/**
 * The text of an execution, then its end. A position is the attempt times 2³², and the UTF-16 units of its text; the end is one more.
 * Text of an attempt that was given up is passed over.
 */
export const executionChannel = (prisma: PrismaClient, bus: Bus, texts: StoredTexts, executionId: string): Channel<ExecutionMessage> => ({
  name: `execution ${executionId}`,
  interval: 50,
  end: async () => {
    const { attempts, outputLength, state } = await known(prisma, executionId);
    return attempts * attemptSpan + outputLength + (hasEnded(state) ? 1 : 0);
  },
  read: async (position, until = Infinity) => {
    const live = texts.storedText(executionId);
    if (live)
      return pageOf(executionId, { attempt: live.attempt, text: live.text, length: live.text.length, isEnded: false }, position, until);
    const { attempts, outputLength, state } = await known(prisma, executionId);
    const isNew = attempts * attemptSpan + outputLength > position;
    const stored = isNew ? await prisma.execution.findUnique({ where: { id: executionId }, select: textColumns }) : null;
    const row = stored ?? { attempts, outputLength, state, output: null };
    const text = { attempt: row.attempts, text: row.output, length: row.outputLength, isEnded: hasEnded(row.state) };
    return pageOf(executionId, text, position, until);
  },
  listen: (listener) => bus.topic('execution').listen(executionId, listener),
});

const columns = { attempts: true, outputLength: true, state: true } as const;
const textColumns = { ...columns, output: true } as const;

/** @throws NotFound */
async function known(prisma: PrismaClient, id: string): Promise<Pick<Execution, keyof typeof columns>> {
  const execution = await prisma.execution.findUnique({ where: { id }, select: columns });
  if (!execution) throw new NotFound(`There is no execution ${id}.`);
  return execution;
}

interface Text {
  attempt: number;
  /** Null: it was deleted. */
  text: string | null;
  length: number;
  isEnded: boolean;
}

function pageOf(executionId: string, { attempt, text, length, isEnded }: Text, from: number, until: number): Page<ExecutionMessage> {
  const start = attempt * attemptSpan;
  const end = start + length + (isEnded ? 1 : 0);
  const parts: Part<ExecutionMessage>[] = [];
  const at = (to: number, piece: string, isEnd = false): Part<ExecutionMessage> => ({
    from: parts.at(-1)?.to ?? from,
    to,
    event: { cursor: encodeCursor('execution', to), executionId, attempt, text: piece, isEnd },
  });
  // A reader that is still in an earlier attempt goes to this one, however far it wanted to come.
  const limit = until < start ? end : Math.min(until, end);
  const textEnd = Math.min(limit, start + length);
  const begin = Math.max(from, start);
  let to = Math.max(from, textEnd);
  if (begin < textEnd || (from < start && limit >= start)) {
    const piece = text === null ? '' : wholeCharacters(text.slice(begin - start, textEnd - start), textAPage);
    to = text === null ? textEnd : begin + piece.length;
    if (piece !== '') parts.push(at(to, piece));
    else if (to > from) parts.push({ from, to, event: undefined });
  }
  if (isEnded && limit === end && to === start + length) {
    to = Math.max(end, from);
    if (to > from) parts.push(at(to, '', true));
  }
  return { parts, from, to, isPartial: to < end, isLast: isEnded && to >= end };
}

/** The beginning of a text, not cut within a character. */
function wholeCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  return text.slice(0, /[\uD800-\uDBFF]/.test(text.charAt(most - 1)) ? most - 1 : most);
}
