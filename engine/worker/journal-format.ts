import { z } from 'zod';
import type { Issue } from '../errors.ts';
import type { TrainingEvent } from '../training/events.ts';

/** The last event of a run that could not go on. The message is safe to show. */
export interface FailedEvent {
  type: 'failed';
  step: number;
  code: string;
  message: string;
  issues: readonly Issue[];
}

export type JournalEvent = TrainingEvent | FailedEvent;

/** One line of journal.ndjson. `seq` counts from 1 without holes; `time` is milliseconds since 1970. */
export type JournalLine = JournalEvent & { seq: number; time: number };

/** After one of these nothing follows. */
export const isFinal = ({ type }: { type: JournalEvent['type'] }): boolean =>
  type === 'completed' || type === 'cancelled' || type === 'failed';

const step = z.int().min(0);
const count = z.number().min(0);
const numbered = { seq: z.int().min(1), time: z.number().min(0), step };

const lineSchema = z.discriminatedUnion('type', [
  z.object({
    ...numbered,
    type: z.literal('started'),
    totalSteps: step,
    device: z.literal('cpu'),
    threads: count,
    parameters: count,
    trainableParameters: count,
    trainExamples: count,
    validationExamples: count,
  }),
  z.object({
    ...numbered,
    type: z.literal('metrics'),
    epoch: count,
    tokens: count,
    values: z
      .record(z.string().min(1).max(200), z.number())
      .refine((values) => Object.keys(values).length <= 256, 'at most 256 metrics a line'),
  }),
  z.object({ ...numbered, type: z.literal('log'), level: z.enum(['info', 'warn', 'error']), message: z.string() }),
  z.object({ ...numbered, type: z.literal('checkpoint'), path: z.string().min(1), bytes: count, loss: z.number() }),
  z.object({ ...numbered, type: z.literal('artifact'), kind: z.enum(['adapter', 'model']), path: z.string().min(1), bytes: count }),
  z.object({ ...numbered, type: z.literal('completed'), seconds: count }),
  z.object({ ...numbered, type: z.literal('cancelled') }),
  z.object({
    ...numbered,
    type: z.literal('failed'),
    code: z.string().min(1),
    message: z.string(),
    issues: z.array(z.object({ path: z.string(), message: z.string() })),
  }),
]) satisfies z.ZodType<JournalLine>;

/** Reads one line, without its line end. Null when it is not a journal line. */
export function parseJournalLine(text: string): JournalLine | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return lineSchema.safeParse(value).data ?? null;
}
