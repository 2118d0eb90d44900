import path from 'node:path';
import type { JournalLine, TrainingConfigInput } from '@anneal/engine';
import type { Options } from './options.ts';
import { sum } from './statistics.ts';
import type { Variant } from './variants.ts';
import { finishRun, inTemporaryFolder, prepareRun } from './worker-runs.ts';

/** Losses in nats per token. */
export interface Learned {
  /** On held-out rows, before and after. */
  before: number;
  after: number;
  /** Mean over the last tenth of the steps. */
  training: number;
}

/**
 * What a quantised base must learn as well as one in fp32: LoRA of the bundled model, whose weights are trained ones, on its
 * instruction set. Every token is a target, so that the loss does not come near zero, where 1 % would be nothing.
 */
const config = ({ storage, products, gradientCheckpointing }: Variant, steps: number, threads: number): TrainingConfigInput => ({
  model: { base: 'bundled', storage, products },
  data: { maxLength: 256, lossOn: 'all', validationShare: 0.05 },
  method: { rank: 8, alpha: 16 },
  optimizer: { learningRate: 2e-3 },
  schedule: { type: 'cosine', warmupSteps: 10, epochs: 100, maxSteps: steps, batchSize: 8 },
  run: { seed: 1, evaluateEvery: 0, checkpointEvery: 0, tensorBoard: false, gradientCheckpointing, threads, device: 'cpu' },
});

/** Trains with a base of this kind; the same data in the same order each time. */
export async function learn(variant: Variant, { threads, 'quantised-steps': steps }: Options): Promise<Learned> {
  return inTemporaryFolder(async (home) => {
    const folder = path.join(home, 'run');
    prepareRun(folder, config(variant, steps, threads));
    const lines = await finishRun(folder);
    const [evaluations, losses] = [valuesOf(lines, 'evaluationLoss'), valuesOf(lines, 'loss')];
    const last = losses.slice(-Math.ceil(steps / 10));
    return { before: evaluations.at(0) ?? Number.NaN, after: evaluations.at(-1) ?? Number.NaN, training: sum(last) / last.length };
  });
}

const valuesOf = (lines: readonly JournalLine[], name: string): number[] =>
  lines.flatMap((line) => (line.type === 'metrics' ? (line.values[name] ?? []) : []));
