import path from 'node:path';
import { z } from 'zod';
import { engineErrorCodes } from '../errors.ts';
import { devices } from '../hardware/device.ts';
import type { TrainingPlan } from './plan.ts';

/** The program of a process that plans a run, to be run with `nodeArguments`; its argument is `{ config, folder }` as JSON. */
export const planProgram = path.join(import.meta.dirname, 'plan-process.ts');

const number = z.number();

/** What that process says of a run, without a price. */
export const plannedRunSchema = z.object({
  parameters: number,
  trainableParameters: number,
  trainableShare: number,
  device: z.enum(devices),
  memory: z.object({
    peak: number,
    parts: z.object({ weights: number, trained: number, optimizer: number, activations: number, logits: number, runtime: number }),
    available: number,
    fits: z.boolean(),
    smaller: z.array(z.object({ setting: z.string(), value: z.string(), peakMemory: number })),
  }),
  time: z.object({ perStep: number, steps: number, evaluations: number, total: number, isMeasured: z.boolean() }),
  disk: z.object({ checkpoints: number, artifact: number, storedWeights: number, total: number, available: number.nullable() }),
  dataset: z.object({ rows: number, isCounted: z.boolean() }),
  warnings: z.array(z.string()),
}) satisfies z.ZodType<Omit<TrainingPlan, 'cost'>>;

export type PlannedRun = Omit<TrainingPlan, 'cost'>;

/** What it says in its place when a person can mend something. */
export const planProblemSchema = z.object({
  code: z.enum(engineErrorCodes),
  message: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })),
});
