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
    const { growth, ...timed } = await timeShapes(run, config, seen, seconds);
    const hasRun = seen.filter((_, index) => timed.shapes[index]?.seconds != null);
    const evaluated = evaluationShapes(run, config);
    const [mostOfIt] = evaluated;
    return {
      layers: run.model.config.layers,
      device: run.runtime.device,
      ...sizes(run, config),
      ...graphNeeds(run, config, seen, hasRun, batchSize),
      ...keptMemory(run, config, growth, { seen, hasRun, evaluated: evaluated.slice(1) }),
      ...timed,
      evaluationSeconds: mostOfIt && seconds > 0 ? await timeEvaluation(run, mostOfIt) : null,
      hasReference: run.method.reference !== undefined,
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

/** @param trains whether it is a graph of a training step, or of an evaluation */
function needsOf(run: PreparedRun, config: TrainingConfig, trains = true) {
  const { model, adapter, method, trainable, runtime } = run;
  const { gradientCheckpointing } = config.run;
  const names = trains ? trainable.map(({ name }) => name) : [];
  return (shape: StepShape, changes: Partial<StepModel> = {}): StepMemory =>
    stepMemory({ ...model, adapter, method, gradientCheckpointing, ...changes }, shape, names, runtime.device);
}

/** @param planned sequences of a micro-batch in the run that is planned */
function graphNeeds(
  run: PreparedRun,
  config: TrainingConfig,
  seen: readonly SeenShape[],
  hasRun: readonly SeenShape[],
  planned: number,
): Pick<Measurement, 'ran' | 'configured' | 'smaller'> {
  const needs = needsOf(run, config);
  const largest = largestShape(seen);
  if (!largest) throw new Error('an epoch without a step');
  const ran = largestShape(hasRun) ?? largest;
  // A dataset of tokens has its batches as they are.
  const isFixed = run.data.format === 'tokens';
  const configured = isFixed ? largest : scaled(largest, planned / config.schedule.batchSize);
  const smaller: Measurement['smaller'] = [];
  if (config.run.gradientCheckpointing === 'none')
    smaller.push({ setting: 'run.gradientCheckpointing', value: 'layer', needs: needs(configured, { gradientCheckpointing: 'layer' }) });
  if (planned > 1 && !isFixed) smaller.push({ setting: 'schedule.batchSize', value: '1', needs: needs(scaled(configured, 1 / planned)) });
  const half = { ...configured, length: Math.ceil(configured.length / 2), targets: Math.ceil(configured.targets / 2) };
  if (half.length >= shortest && !isFixed) smaller.push({ setting: 'data.maxLength', value: String(half.length), needs: needs(half) });
  return { ran: needs(ran), configured: needs(configured), smaller };
}

interface Shapes {
  seen: readonly SeenShape[];
  hasRun: readonly SeenShape[];
  evaluated: readonly SeenShape[];
}

/** @param growth of resident memory while graphs were compiled and run, bytes */
function keptMemory(
  run: PreparedRun,
  config: TrainingConfig,
  growth: number,
  { seen, hasRun, evaluated }: Shapes,
): Pick<Measurement, 'kept' | 'leftOut'> {
  const results = (shapes: readonly SeenShape[], trains: boolean) => {
    const needs = needsOf(run, config, trains);
    return sum(shapes.map(({ shape }) => needs(shape).activations));
  };
  // The largest is there in any case, for its own step.
  const largest = largestShape(seen);
  const others = seen.filter((one) => !hasRun.includes(one) && one.shape !== largest);
  // Where the largest has not run, what the largest of those that have keeps is there beside it.
  const [ran] = hasRun.some(({ shape }) => shape === largest) ? [] : hasRun.filter(({ shape }) => shape === largestShape(hasRun));
  const kept = hasRun.length === 0 ? 0 : Math.max(0, growth / results(hasRun, true));
  return { kept, leftOut: results([...others, ...(ran ? [ran] : [])], true) + results(evaluated, false) };
}

/** The same with more or fewer sequences. */
const scaled = (shape: StepShape, factor: number): StepShape => ({
  ...shape,
  batch: Math.max(1, Math.round(shape.batch * factor)),
  targets: Math.max(1, Math.round(shape.targets * factor)),
});

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
