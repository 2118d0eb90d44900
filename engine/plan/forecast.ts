import type { Measured } from './measure.ts';
import type { Measurement, ShapeMeasurement } from './measurement.ts';
import { typicalOverhead } from './overhead.ts';
import type { StepMemory } from './step-memory.ts';

/** Where the memory of a training process goes, bytes. */
export interface MemoryParts {
  /** Weights that do not change. */
  weights: number;
  /** What is trained: the adapter, or the weights themselves. */
  trained: number;
  /** Gradients, and what the optimizer remembers. */
  optimizer: number;
  /** Results that wait for the backward pass, but for the logits. */
  activations: number;
  /** Logits of the positions that are looked at together, and what is formed of them. */
  logits: number;
  /** Program, dataset, compiled graphs, and what allocation loses. */
  runtime: number;
}

/** What a run would need with one setting changed. */
export interface SmallerSetting {
  /** Path in the configuration. */
  setting: string;
  value: string;
  /** Bytes. */
  peakMemory: number;
}

export interface Forecast {
  memory: MemoryParts;
  /** Sum of the parts: the highest resident memory, bytes. */
  peakMemory: number;
  smaller: readonly SmallerSetting[];
  /** Of a step in the mean, without a reference model. */
  secondsPerStep: number;
  /** What a reference model takes beside that for rows that it has not met; 0 where there is none. */
  secondsPerReference: number;
  /** Compiling the graphs of all shapes. */
  compileSeconds: number;
  /** Of one micro-batch of an evaluation. */
  secondsPerEvaluation: number;
  trainableParameters: number;
  /** Bytes. */
  checkpoint: number;
  /** Whether steps were taken on this machine; where not, times come from the rate of its matrix products. */
  isMeasured: boolean;
}

/** Share of a step that matrix products take, about, where nothing is known. */
const productShare = 0.75;
/** Products in the layers are slower than those of the head at most by so much. */
const disproportion = 1.6;
/** Forward passes take a third of a training step, about. */
const forwardShare = 1 / 3;

/**
 * What the whole model needs, from what slices of it needed: every layer takes as much memory and time as another.
 * @param layers of the whole model
 * @param gradientAccumulation micro-batches of a step
 */
export function forecast({ few, more }: Measured, layers: number, gradientAccumulation: number): Forecast {
  const last = more ?? few;
  const whole: Whole = (read) =>
    more ? read(few) + ((read(more) - read(few)) * (layers - few.layers)) / (more.layers - few.layers) : read(few);
  const isMeasured = last.rate === null;
  const needs = structure(whole, ({ configured }) => configured);
  const memory: MemoryParts = {
    weights: whole(({ frozen }) => frozen),
    trained: whole(({ trained }) => trained),
    optimizer: whole(({ optimizer }) => optimizer),
    activations: needs.activations - needs.logits,
    logits: needs.logits,
    runtime: isMeasured ? Math.max(0, whole(unexplained)) : typicalOverhead(needs),
  };
  const peakMemory = sum(Object.values(memory));
  const smaller = last.smaller.map(({ setting, value }, index) => {
    const less = structure(whole, (slice) => slice.smaller[index]?.needs ?? slice.configured);
    return { setting, value, peakMemory: peakMemory - needs.activations + less.activations };
  });
  return {
    memory,
    peakMemory,
    smaller,
    ...(isMeasured ? measuredTimes(whole, last, gradientAccumulation) : ratedTimes(needs, last, gradientAccumulation)),
    trainableParameters: whole(({ trainableParameters }) => trainableParameters),
    checkpoint: whole(({ checkpoint }) => checkpoint),
    isMeasured,
  };
}

/** Something of the whole model, from what it is in slices. */
type Whole = (read: (slice: Measurement) => number) => number;

const structure = (whole: Whole, of: (slice: Measurement) => StepMemory): StepMemory => ({
  activations: whole((slice) => of(slice).activations),
  logits: whole((slice) => of(slice).logits),
  constants: whole((slice) => of(slice).constants),
  nodes: whole((slice) => of(slice).nodes),
  operations: whole((slice) => of(slice).operations),
});

/** The rest of what was measured, and what graphs will keep that were not run. */
const unexplained = ({ peakMemory, frozen, trained, optimizer, ran, kept, leftOut }: Measurement): number =>
  peakMemory - frozen - trained - optimizer - ran.activations + kept * leftOut;

type Times = Pick<Forecast, 'secondsPerStep' | 'secondsPerReference' | 'compileSeconds' | 'secondsPerEvaluation'>;

function measuredTimes(whole: Whole, last: Measurement, gradientAccumulation: number): Times {
  const larger = last.configured.operations / last.ran.operations;
  // Steps of every shape grow with the layers as those of the first do, which is timed in each slice. A machine that had
  // something else to do meanwhile is told by a layer that takes a time out of all proportion.
  const timed = last.shapes[0]?.seconds ?? 1;
  const proportional = whole(({ ran }) => ran.operations) / last.ran.operations;
  const deeper = within(whole(({ shapes }) => shapes[0]?.seconds ?? 0) / timed, proportional / disproportion, proportional * disproportion);
  const optimizer = whole(({ optimizerSeconds }) => optimizerSeconds);
  const compiling = last.shapes.flatMap(({ seconds, firstSeconds }) =>
    seconds === null ? [] : [Math.max(0, (firstSeconds ?? 0) - seconds)],
  );
  const perStep = deeper * larger * gradientAccumulation;
  return {
    secondsPerStep: meanSeconds(last.shapes, ({ seconds }) => seconds) * perStep + optimizer,
    secondsPerReference: meanSeconds(last.shapes, ({ referenceSeconds }) => referenceSeconds) * perStep,
    compileSeconds: (sum(compiling) / compiling.length) * last.shapes.length * deeper,
    secondsPerEvaluation: whole(({ evaluationSeconds }) => evaluationSeconds ?? 0) * larger,
  };
}

function ratedTimes({ operations }: StepMemory, { rate, hasReference }: Measurement, gradientAccumulation: number): Times {
  const seconds = operations / (rate ?? 1) / productShare;
  const forward = seconds * forwardShare;
  return {
    secondsPerStep: seconds * gradientAccumulation,
    secondsPerReference: hasReference ? forward * gradientAccumulation : 0,
    compileSeconds: 0,
    secondsPerEvaluation: forward,
  };
}

/** Of all micro-batches; those whose shape was not timed take as long for a position as the others. */
function meanSeconds(shapes: readonly ShapeMeasurement[], secondsOf: (shape: ShapeMeasurement) => number | null): number {
  const positions = ({ shape, count }: ShapeMeasurement) => count * shape.batch * shape.length;
  const timed = shapes.filter((shape) => secondsOf(shape) !== null);
  const perPosition = sum(timed.map((shape) => (secondsOf(shape) ?? 0) * shape.count)) / sum(timed.map(positions));
  return (perPosition * sum(shapes.map(positions))) / sum(shapes.map(({ count }) => count));
}

const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
