import type { TrainingConfig } from '../config.ts';
import { detectMemory, type Memory } from '../hardware/memory.ts';
import type { PreparedRun } from '../training/prepare.ts';
import { memoryWarning } from './advice.ts';
import { addedOverhead } from './overhead.ts';
import { largestShape, trainingShapes } from './seen-shapes.ts';
import { stepMemory } from './step-memory.ts';

/** Steps that are looked at; those that follow are of the same kind. */
const lookAhead = 16;

/**
 * Says before the first step that the memory will not do, and what to change. Weights and optimizer are in memory by then;
 * what the steps add follows from their graph.
 * @returns null when it will
 */
export async function foreseeShortage(
  run: Pick<PreparedRun, 'model' | 'adapter' | 'method' | 'trainable' | 'data' | 'padTokenId' | 'runtime'>,
  config: TrainingConfig,
  memory?: Memory,
): Promise<string | null> {
  // A device's own memory is not known here.
  if (run.runtime.device !== 'cpu') return null;
  const { model, adapter, method, trainable } = run;
  const { gradientCheckpointing } = config.run;
  const shape = largestShape(await trainingShapes(run, lookAhead));
  if (!shape) return null;
  const step = stepMemory(
    { ...model, adapter, method, gradientCheckpointing },
    shape,
    trainable.map(({ name }) => name),
  );
  const there = process.memoryUsage.rss();
  const { available } = memory ?? (await detectMemory());
  return memoryWarning(config, there + step.activations + addedOverhead(step), there + available);
}
