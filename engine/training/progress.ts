import { z } from 'zod';
import { freshGuard, guardSchema } from './divergence-guard.ts';
import { freshPatience, patienceSchema } from './early-stopping.ts';

/** Where a run stands: with weights, optimizer and configuration all that it needs to go on as if it had never stopped. */
export const progressSchema = z.object({
  /** Updates that the weights hold: the place in the schedule. Fewer than steps where the guard took some back. */
  updates: z.int().min(0),
  /** Input tokens trained on, in all steps. */
  tokens: z.int().min(0),
  /** Of the last step. */
  loss: z.number(),
  /** Seconds spent training, over all attempts. */
  seconds: z.number().min(0),
  /** The lowest evaluation loss during training, and its step; null before the first evaluation. */
  best: z.object({ step: z.int(), loss: z.number() }).nullable(),
  patience: patienceSchema,
  guard: guardSchema,
});
export type Progress = z.output<typeof progressSchema>;

export const freshProgress: Progress = {
  updates: 0,
  tokens: 0,
  loss: 0,
  seconds: 0,
  best: null,
  patience: freshPatience,
  guard: freshGuard,
};
