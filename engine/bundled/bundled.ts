import path from 'node:path';
import type { TrainingConfigInput } from '../config.ts';
import { instructionRows, type InstructionRow } from '../synthetic/instructions.ts';

/** The small code model that comes with the repository: made by scripts/base-model, described in its README.md. */
export const bundledModelFolder = path.join(import.meta.dirname, 'anneal-code');

/** What a configuration's `model.base` names. */
export const resolveModelFolder = (base: string): string => (base === 'bundled' ? bundledModelFolder : path.resolve(base));

/** What a configuration's `data.path` "bundled" names: the instruction set that belongs to the bundled model. */
export const bundledInstructions = (): InstructionRow[] => instructionRows(3200, 1);

/** The first run of a new studio: teaches the bundled model to follow instructions, in a few minutes on two cores. */
export const quickstartConfig = {
  model: { base: 'bundled' },
  data: { path: 'bundled', maxLength: 256, validationShare: 0.05 },
  method: { trainable: 'lora', rank: 16, alpha: 32 },
  optimizer: { learningRate: 3e-3 },
  schedule: { type: 'cosine', warmupSteps: 10, epochs: 2, batchSize: 16 },
  run: { seed: 1, evaluateEvery: 50, checkpointEvery: 25 },
} as const satisfies TrainingConfigInput;
