import type { TrainingConfig } from '../config.ts';
import { countParameters, weightData } from '../models/load.ts';
import { type PreparedRun, prepareRun } from '../training/prepare.ts';
import type { StepModel, StepShape } from '../training/step-graph.ts';
import type { Measurement, MeasureRequest } from './measurement.ts';
import { productRate } from './product-rate.ts';
import { evaluationShapes, largestShape, type SeenShape, trainingShapes } from './seen-shapes.ts';
import { type StepMemory, stepMemory } from './step-memory.ts';
import { timeEvaluation, timeShapes } from './time-steps.ts';

/** No advice is given to cut examples shorter than this. Tokens. */
const shortest = 64;

/** Sets up a run as training does and takes some of its steps. */
export async function measureRun(
  config: TrainingConfig,
  { seconds, batchSize }: MeasureRequest,
): Promise<Omit<Measurement, 'startMemory' | 'peakMemory'>> {
  const run = await prepareRun(config);
  try {
    const seen = await trainingShapes(run);
    const timed = await timeShapes(run, config, seen, seconds);
    const evaluated = evaluationShapes(run, config);
    const [mostOfIt] = evaluated;
    return {
      layers: run.model.config.layers,
      device: run.runtime.device,
      ...sizes(run, config),
      ...graphNeeds(run, config, seen, batchSize),
      ...timed,
      shapesLeftOut: timed.shapes.filter((shape) => shape.seconds === null).length + Math.max(0, evaluated.length - 1),
      evaluationSeconds: mostOfIt && seconds > 0 ? await timeEvaluation(run, mostOfIt) : null,
      rate: seconds === 0 ? await productRate(config.run.threads, run.runtime) : null,
      stepsPerEpoch: run.data.stepsPerEpoch,
      trainExamples: run.data.trainExamples,
      validationExamples: run.data.validation.length,
    };
  } finally {
    await run.trainer.release();
    await run.data.close();
  }
}

function sizes({ model, trainable, trainer }: PreparedRun, config: TrainingConfig) {
  const trainedNames = new Set(trainable.map(({ name }) => name));
  const frozen = [...weightData(model)].flatMap(([name, data]) => (trainedNames.has(name) ? [] : [data]));
  const trained = sum(trainable.map(({ data }) => data.byteLength));
  const checkpoint = sum(trainer.state().map(({ data }) => data.byteLength));
  // Several micro-batches need a second set of gradients to be added up.
  const gradients = trained * (config.schedule.gradientAccumulation > 1 ? 2 : 1);
  const trainableParameters = countParameters(trainable.map(({ shape }) => shape));
  return { frozen: distinctBytes(frozen), trained, optimizer: checkpoint - trained + gradients, checkpoint, trainableParameters };
}

/** Several names may stand for the same bytes. */
function distinctBytes(tensors: readonly { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }[]): number {
  const seen = new Map<ArrayBufferLike, Map<number, number>>();
  for (const { buffer, byteOffset, byteLength } of tensors) {
    const parts = seen.get(buffer) ?? new Map<number, number>();
    parts.set(byteOffset, Math.max(parts.get(byteOffset) ?? 0, byteLength));
    seen.set(buffer, parts);
  }
  return sum([...seen.values()].flatMap((parts) => [...parts.values()]));
}

/** @param planned sequences of a micro-batch in the run that is planned */
function graphNeeds(run: PreparedRun, config: TrainingConfig, seen: readonly SeenShape[], planned: number) {
  const { model, adapter, method, trainable, runtime, data } = run;
  const { gradientCheckpointing } = config.run;
  const names = trainable.map(({ name }) => name);
  const needs = (shape: StepShape, changes: Partial<StepModel> = {}): StepMemory =>
    stepMemory({ ...model, adapter, method, gradientCheckpointing, ...changes }, shape, names, runtime.device);
  const ran = largestShape(seen);
  if (!ran) throw new Error('an epoch without a step');
  // A dataset of tokens has its batches as they are.
  const isFixed = data.format === 'tokens';
  const configured = isFixed ? ran : scaled(ran, planned / config.schedule.batchSize);
  const smaller: Measurement['smaller'] = [];
  if (gradientCheckpointing === 'none')
    smaller.push({ setting: 'run.gradientCheckpointing', value: 'layer', needs: needs(configured, { gradientCheckpointing: 'layer' }) });
  if (planned > 1 && !isFixed) smaller.push({ setting: 'schedule.batchSize', value: '1', needs: needs(scaled(configured, 1 / planned)) });
  const half = { ...configured, length: Math.ceil(configured.length / 2), targets: Math.ceil(configured.targets / 2) };
  if (half.length >= shortest && !isFixed) smaller.push({ setting: 'data.maxLength', value: String(half.length), needs: needs(half) });
  return { ran: needs(ran), configured: needs(configured), smaller };
}

/** The same with more or fewer sequences. */
const scaled = (shape: StepShape, factor: number): StepShape => ({
  ...shape,
  batch: Math.max(1, Math.round(shape.batch * factor)),
  targets: Math.max(1, Math.round(shape.targets * factor)),
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
