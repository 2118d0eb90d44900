import type { TrainingConfig } from '../config.ts';
import { exampleLength } from '../methods/method.ts';
import type { MicroBatch } from '../training/micro-batch.ts';
import type { PreparedRun } from '../training/prepare.ts';
import { collate } from '../training/run-data.ts';
import type { StepShape } from '../training/step-graph.ts';

/** Micro-batches of one shape, and one of them. */
export interface SeenShape {
  shape: StepShape;
  count: number;
  microBatch: MicroBatch;
}

const positions = ({ batch, length }: StepShape): number => batch * length;

/** The one that needs most memory. */
export const largestShape = (seen: readonly SeenShape[]): StepShape | undefined =>
  seen.map(({ shape }) => shape).toSorted((a, b) => positions(b) - positions(a) || b.targets - a.targets)[0];

type Readable = Pick<PreparedRun, 'data' | 'method' | 'padTokenId'>;

/**
 * The shapes of an epoch's micro-batches, those with most of the work first.
 * @param steps that are looked at, from the first; all if left out
 */
export async function trainingShapes({ data, method, padTokenId }: Readable, steps = Infinity): Promise<SeenShape[]> {
  const microBatches: MicroBatch[] = [];
  for (let index = 0; index < Math.min(steps, data.stepsPerEpoch); index++) {
    const step = await data.step(0, index);
    microBatches.push(...step.microBatches.map((rows) => collate(rows, data.packed, method, padTokenId)));
  }
  return grouped(method, microBatches);
}

/** The shapes of an evaluation, in the order of their lengths. */
export function evaluationShapes({ data, method, padTokenId }: Readable, { schedule }: TrainingConfig): SeenShape[] {
  const sorted = [...data.validation].sort((a, b) => exampleLength(a) - exampleLength(b));
  const starts = Array.from({ length: Math.ceil(sorted.length / schedule.batchSize) }, (_, index) => index * schedule.batchSize);
  const microBatches = starts.map((start) => method.collate(sorted.slice(start, start + schedule.batchSize), padTokenId));
  return grouped(method, microBatches);
}

function grouped(method: PreparedRun['method'], microBatches: readonly MicroBatch[]): SeenShape[] {
  const seen = new Map<string, SeenShape>();
  for (const microBatch of microBatches) {
    const { batch, length, starts } = microBatch;
    // Room for targets does not depend on what a reference model would say.
    const { targets } = method.prepare(microBatch, new Float32Array(batch));
    const key = `${batch}x${length}:${targets}`;
    const known = seen.get(key);
    if (known) known.count++;
    else seen.set(key, { shape: { batch, length, targets, packed: starts !== undefined }, count: 1, microBatch });
  }
  return [...seen.values()].sort((a, b) => b.count * positions(b.shape) - a.count * positions(a.shape));
}
