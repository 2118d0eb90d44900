import { NonFinite } from '@anneal/prisma';
import { z } from 'zod';
import { compareKeys, unitOf } from './keys.ts';
import type { Bucket } from './rollups.ts';
import { greatest, least } from './values.ts';

const entry = z.object({
  /** Null when it is not a finite number. */
  last: z.number().nullable(),
  /** Which one it is then. */
  nonFinite: z.enum(NonFinite).nullable().default(null),
  lastStep: z.int(),
  /** Of the finite values; null when there is none. */
  min: z.number().nullable(),
  max: z.number().nullable(),
  count: z.int(),
  nonFiniteCount: z.int().default(0),
});
const summarySchema = z.record(z.string(), entry);

/** What a run keeps of each metric of its first process (rank 0), by key. */
export type Summary = z.output<typeof summarySchema>;
export type SummaryEntry = z.output<typeof entry>;

export interface MetricSummary extends SummaryEntry {
  key: string;
  unit: string;
}

/** Reads `Run.summary`. */
export const parseSummary = (stored: unknown): Summary => summarySchema.parse(stored);

/** `Run.summary` as a list, loss first. */
export const metricSummaries = (stored: unknown): MetricSummary[] => listed(parseSummary(stored));

export const listed = (summary: Summary): MetricSummary[] =>
  Object.entries(summary)
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, value]) => ({ key, unit: unitOf(key), ...value }));

/** With more points. The last value is that of the highest step, in whatever order points come. */
export function extend(known: SummaryEntry | undefined, more: Bucket): SummaryEntry {
  const entry = entryOf(more);
  if (!known) return entry;
  const { last, nonFinite, lastStep } = more.toStep > known.lastStep ? entry : known;
  return {
    ...{ last, nonFinite, lastStep },
    min: least(known.min, more.min),
    max: greatest(known.max, more.max),
    count: known.count + more.count,
    nonFiniteCount: known.nonFiniteCount + more.nonFiniteCount,
  };
}

/** All points of a metric in short. */
export const entryOf = ({ last, nonFinite, toStep: lastStep, min, max, count, nonFiniteCount }: Bucket): SummaryEntry => ({
  ...{ last, nonFinite, lastStep },
  ...{ min, max, count, nonFiniteCount },
});
