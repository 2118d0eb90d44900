import path from 'node:path';
import { randomBatches, writeBatches } from './batches.ts';
import { makeModel, type ModelFiles, vocabulary } from './model-files.ts';

/** What both sides are given: a model to start from, and a JSON file of batches, one a step. */
export interface Work extends ModelFiles {
  batches: string;
  tokensPerStep: number;
}

export interface Shape {
  layers: number;
  /** Sequences a step. */
  batch: number;
  /** Tokens a sequence; every position but the first is a target. */
  length: number;
  steps: number;
}

/** Makes a model of SmolLM-135M's shape with a LoRA start, see `makeModel`, and batches of random tokens. */
export function makeWork(folder: string, { layers, batch, length, steps }: Shape): Work {
  const files = makeModel(folder, layers);
  const batches = path.join(folder, `random-${batch}x${length}.json`);
  writeBatches(batches, randomBatches({ steps, batch, length, vocabulary }, 3));
  return { ...files, batches, tokensPerStep: batch * length };
}
