import { z } from 'zod';
import type { Issue } from '../errors.ts';
import { devices } from '../hardware/device.ts';
import { runtimeNames } from '../runtimes/runtime.ts';
import type { MetricsEvent, TrainingEvent } from '../training/events.ts';

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

/** JSON has no number for these. */
const nonFinite = ['NaN', 'Infinity', '-Infinity'] as const;
/** A measured number; what is not finite is written as a string. */
const value = z.union([z.number(), z.enum(nonFinite).transform(Number)]);

const values = z
  .record(z.string().min(1).max(200), value)
  .refine((metrics) => Object.keys(metrics).length <= 256, 'at most 256 metrics a line');
const measured = { ...numbered, epoch: count, tokens: count, values };

/**
 * How the metrics of a training step are written: what other programs look for is at the top, under the names that they know;
 * `values` holds the rest. The metrics of an evaluation are written as they are.
 */
const stepLine = z
  .object({
    ...measured,
    type: z.literal('step'),
    loss: value.optional(),
    gradNorm: value.optional(),
    learningRate: value.optional(),
    tokensPerSecond: value.optional(),
  })
  .transform(({ type: _, loss, gradNorm, learningRate, tokensPerSecond, values: others, ...rest }) => {
    const known = Object.entries({ loss, learningRate, gradientNorm: gradNorm, tokensPerSecond });
    return { ...rest, type: 'metrics' as const, values: { ...Object.fromEntries(known.flatMap(definedOnly)), ...others } };
  });

const definedOnly = ([name, value]: [string, number | undefined]): [string, number][] => (value === undefined ? [] : [[name, value]]);

const lineSchema = z.discriminatedUnion('type', [
  stepLine,
  z.object({
    ...numbered,
    type: z.literal('started'),
    totalSteps: step,
    device: z.enum(devices),
    runtime: z.enum(runtimeNames).optional(),
    library: z.string().min(1).optional(),
    threads: count,
    parameters: count,
    trainableParameters: count,
    trainExamples: count,
    validationExamples: count,
  }),
  z.object({ ...measured, type: z.literal('metrics') }),
  z.object({ ...numbered, type: z.literal('log'), level: z.enum(['info', 'warn', 'error']), message: z.string() }),
  z.object({ ...numbered, type: z.literal('checkpoint'), path: z.string().min(1), bytes: count, loss: z.number() }),
  z.object({ ...numbered, type: z.literal('rollback'), toStep: step, rateFactor: count, totalSteps: step, reason: z.string() }),
  z.object({
    ...numbered,
    type: z.literal('artifact'),
    weightsStep: step.optional(),
    kind: z.enum(['adapter', 'model']),
    path: z.string().min(1),
    bytes: count,
  }),
  z.object({ ...numbered, type: z.literal('paused') }),
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

/** One line as it is written, without its line end. */
export function formatJournalLine(line: JournalLine): string {
  if (line.type !== 'metrics') return JSON.stringify(line);
  return JSON.stringify(isOfStep(line) ? writtenStep(line) : { ...line, values: writtenValues(line.values) });
}

const isOfStep = ({ values: { loss, gradientNorm, learningRate, tokensPerSecond } }: MetricsEvent): boolean =>
  [loss, gradientNorm, learningRate, tokensPerSecond].some((value) => value !== undefined);

function writtenStep({ seq, time, step, epoch, tokens, values }: JournalLine & MetricsEvent): z.input<typeof stepLine> {
  const { loss, gradientNorm: gradNorm, learningRate, tokensPerSecond, ...others } = values;
  const known = writtenValues({ loss, gradNorm, learningRate, tokensPerSecond });
  return { seq, time, type: 'step', step, ...known, epoch, tokens, values: writtenValues(others) };
}

type WrittenValue = z.input<typeof value>;

/** Without those that are undefined. */
const writtenValues = (numbers: Readonly<Record<string, number | undefined>>): Record<string, WrittenValue> =>
  Object.fromEntries(Object.entries(numbers).flatMap(([name, number]) => (number === undefined ? [] : [[name, written(number)]])));

const written = (number: number): WrittenValue => nonFinite.find((name) => Object.is(Number(name), number)) ?? number;

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
