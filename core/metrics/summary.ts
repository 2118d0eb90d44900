import { z } from 'zod';
import { compareKeys, unitOf } from './keys.ts';

const entry = z.object({ last: z.number(), lastStep: z.int(), min: z.number(), max: z.number(), count: z.int() });
const summarySchema = z.record(z.string(), entry);

/** What a run keeps of each metric, by key. */
export type Summary = z.output<typeof summarySchema>;
export type SummaryEntry = z.output<typeof entry>;

export interface MetricSummary extends SummaryEntry {
  key: string;
  unit: string;
}

/** Reads `Run.summary`. */
export const parseSummary = (stored: unknown): Summary => summarySchema.parse(stored);

/** `Run.summary` as a list, loss first. */
export const metricSummaries = (stored: unknown): MetricSummary[] =>
  Object.entries(parseSummary(stored))
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, value]) => ({ key, unit: unitOf(key), ...value }));

export const extend = (known: SummaryEntry | undefined, step: number, value: number): SummaryEntry => ({
  last: value,
  lastStep: step,
  min: Math.min(known?.min ?? value, value),
  max: Math.max(known?.max ?? value, value),
  count: (known?.count ?? 0) + 1,
});
