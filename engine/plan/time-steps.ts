import type { TrainingConfig } from '../config.ts';
import type { MicroBatch } from '../training/micro-batch.ts';
import type { PreparedRun } from '../training/prepare.ts';
import type { ShapeMeasurement } from './measurement.ts';
import type { SeenShape } from './seen-shapes.ts';

/** Steps of the first shape that are timed, after one that compiles; the quickest counts. Of other shapes one is. */
const rounds = 2;
/** Changes next to nothing, so that each step computes the same. */
const learningRate = 1e-9;

export interface Timed {
  shapes: ShapeMeasurement[];
  /** By how much resident memory grew over all these steps, bytes. */
  growth: number;
  /** What a step takes beside its micro-batches; 0 where it was not told apart. */
  optimizerSeconds: number;
}

/**
 * Takes steps of one micro-batch each, of as many shapes as there is time for, and of one at least.
 * @param seconds 0: none at all
 */
export async function timeShapes(run: PreparedRun, config: TrainingConfig, seen: readonly SeenShape[], seconds: number): Promise<Timed> {
  const deadline = performance.now() + seconds * 1000;
  const shapes: ShapeMeasurement[] = [];
  const before = process.memoryUsage.rss();
  for (const { shape, count, microBatch } of seen) {
    if (seconds === 0 || (shapes.length > 0 && performance.now() > deadline)) {
      shapes.push({ shape, count, seconds: null, firstSeconds: null, referenceSeconds: null });
      continue;
    }
    const firstSeconds = await timeStep(run, [microBatch]);
    const times: number[] = [];
    for (let round = 0; round < (shapes.length === 0 ? rounds : 1); round++) times.push(await timeStep(run, [microBatch]));
    const referenceSeconds = run.method.reference ? await timeReference(run, microBatch) : 0;
    shapes.push({ shape, count, seconds: Math.min(...times), firstSeconds, referenceSeconds });
  }
  const growth = process.memoryUsage.rss() - before;
  const optimizerSeconds = config.schedule.gradientAccumulation > 1 ? await timeOptimizer(run, seen[0], shapes[0]) : 0;
  return {
    shapes: shapes.map((shape) => ({ ...shape, seconds: shape.seconds === null ? null : Math.max(0, shape.seconds - optimizerSeconds) })),
    growth,
    optimizerSeconds,
  };
}

async function timeStep({ trainer }: PreparedRun, microBatches: readonly MicroBatch[]): Promise<number> {
  const begun = performance.now();
  await trainer.step(microBatches, learningRate, 1);
  return (performance.now() - begun) / 1000;
}

/** Rows that the reference model has not met, in shapes that it has. */
async function timeReference({ trainer }: PreparedRun, microBatch: MicroBatch): Promise<number> {
  const begun = performance.now();
  await trainer.reference({ ...microBatch, pairs: microBatch.pairs?.map((pair) => ({ ...pair })) });
  return (performance.now() - begun) / 1000;
}

/** A step over two micro-batches takes the optimizer once, two steps over one each take it twice. */
async function timeOptimizer(run: PreparedRun, seen?: SeenShape, timed?: ShapeMeasurement): Promise<number> {
  if (!seen || !timed?.seconds) return 0;
  const both = [seen.microBatch, seen.microBatch];
  await timeStep(run, both);
  return Math.min(timed.seconds, Math.max(0, 2 * timed.seconds - (await timeStep(run, both))));
}

/** One micro-batch of an evaluation, the second time. */
export async function timeEvaluation({ trainer }: PreparedRun, { microBatch }: SeenShape): Promise<number> {
  await trainer.evaluate([microBatch]);
  const begun = performance.now();
  await trainer.evaluate([microBatch]);
  return (performance.now() - begun) / 1000;
}
