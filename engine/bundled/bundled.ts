import fs from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { TrainingConfig, TrainingConfigInput } from '../config.ts';
import type { DataLocation } from '../data/source.ts';

/** The small code model that comes with the repository: made by scripts/base-model, described in its README.md. */
export const bundledModelFolder = path.join(import.meta.dirname, 'anneal-code');

/** What a configuration's `model.base` names. */
export const resolveModelFolder = (base: string): string => (base === 'bundled' ? bundledModelFolder : path.resolve(base));

/** The first 3,200 rows of `instructionRows` with the seed 1, as JSONL: made by scripts/base-model/instructions.ts. */
export const bundledInstructionsFile = path.join(import.meta.dirname, 'instructions.jsonl.gz');

/** What a configuration's `data.path` "bundled" names: the instruction set that belongs to the bundled model. In Alpaca form. */
export function bundledInstructions(): unknown[] {
  const lines = gunzipSync(fs.readFileSync(bundledInstructionsFile)).toString('utf8').trimEnd().split('\n');
  return lines.map((line): unknown => JSON.parse(line));
}

/** Where the rows of a configuration are. */
export const dataLocation = (data: TrainingConfig['data']): DataLocation =>
  data.path === 'bundled' ? { rows: bundledInstructions() } : data;

/** The first run of a new studio: teaches the bundled model to follow instructions, in a few minutes on two cores. */
export const quickstartConfig = {
  model: { base: 'bundled' },
  data: { path: 'bundled', maxLength: 256, validationShare: 0.05 },
  method: { trainable: 'lora', rank: 16, alpha: 32 },
  optimizer: { learningRate: 3e-3 },
  schedule: { type: 'cosine', warmupSteps: 10, epochs: 2, batchSize: 16 },
  run: { seed: 1, evaluateEvery: 50, checkpointEvery: 25 },
} as const satisfies TrainingConfigInput;
