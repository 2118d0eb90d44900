import type { Example, PreferenceExample } from '../data/example.ts';
import type { Graph } from '../graph/graph.ts';
import type { FloatType, Value } from '../graph/types.ts';
import type { Results } from '../runtimes/results.ts';
import type { MicroBatch } from '../training/micro-batch.ts';
import type { StepShape } from '../training/step-graph.ts';

export type TrainingExample = Example | PreferenceExample;

/** examples: texts with targets in them. text: plain text, of which every token is a target. preferences: pairs of answers. */
export type DataKind = 'examples' | 'text' | 'preferences';

/** What a loss is averaged over: in all micro-batches of a step together, so that accumulation changes nothing. */
export interface Counts {
  /** Places whose output the loss looks at: tokens to be predicted, or answers to be valued. */
  targets: number;
  /** Pairs of a better and a worse answer; 0 where examples stand alone. */
  pairs: number;
}

/** What a loss is written with: the end of the forward pass. */
export interface LossInputs {
  graph: Graph;
  dtype: FloatType;
  /** [b · s, hidden], after the last norm. */
  hidden: Value;
  /** [vocabulary, hidden] */
  head: Value;
  shape: StepShape;
  /** Names of the tensors that are trained; empty in a graph that only evaluates. */
  trained: ReadonlySet<string>;
}

export interface LossOutputs {
  /** A scalar. The engine differentiates it. */
  loss: Value;
  /** What else comes out of the graph, for `measure`. */
  outputs?: Readonly<Record<string, Value>>;
}

/** Something measured on a micro-batch: the mean over several is Σ sum / Σ count. */
export interface Measure {
  sum: number;
  count: number;
}

/** A micro-batch on its way through the model. */
export interface Pass {
  microBatch: MicroBatch;
  counts: Counts;
  /** Room for targets in the graph. */
  targets: number;
  /** Data of the inputs that `loss` made. @param totals of the whole step; ones give sums instead of means. */
  feeds: (totals: Counts) => Record<string, Int32Array | Float32Array>;
  /** @param results those of a pass whose loss is a sum, and whatever `outputs` there are. */
  measure: (results: Results) => Record<string, Measure>;
}

/** An objective. A new one is one file and a line in `methods.ts`. */
export interface TrainingMethod {
  /** What it learns from. */
  readonly data: DataKind;
  /** Whether the log probabilities of a model that does not change are needed, see ReferenceModel. */
  readonly reference?: 'sum' | 'mean';
  /** Whether a value head [1, hidden] takes the place of the output projection. */
  readonly valuesTexts?: boolean;
  /** Examples side by side, padded at the end. */
  collate(examples: readonly TrainingExample[], padTokenId: number): MicroBatch;
  /** @param reference log probabilities of the micro-batch's sequences under the reference model, where there is one. */
  prepare(microBatch: MicroBatch, reference?: Float32Array): Pass;
  /** The objective, forward only. It reads whatever inputs it adds to the graph. */
  loss(inputs: LossInputs): LossOutputs;
  /** What evaluations report, out of the means of what was measured. `loss` is always among it. */
  summarise(means: Readonly<Record<string, number>>): Record<string, number>;
}

const isPreference = (example: TrainingExample): example is PreferenceExample => 'chosen' in example;

/** Tokens of an example; of a pair, those of the longer side. */
export const exampleLength = (example: TrainingExample): number =>
  isPreference(example) ? Math.max(example.chosen.inputIds.length, example.rejected.inputIds.length) : example.inputIds.length;

/** The examples of a method that takes them one by one. @throws RangeError when there are pairs among them. */
export function plainExamples(examples: readonly TrainingExample[]): Example[] {
  return examples.map((example) => {
    if (isPreference(example)) throw new RangeError('pairs of answers for a method that takes single ones');
    return example;
  });
}

/** The pairs of a method that compares answers. @throws RangeError when there are single examples among them. */
export function preferencePairs(examples: readonly TrainingExample[]): PreferenceExample[] {
  return examples.map((example) => {
    if (!isPreference(example)) throw new RangeError('single answers for a method that compares pairs');
    return example;
  });
}

/** Adds up what was measured on several micro-batches and divides. */
export function meansOf(measures: Iterable<Readonly<Record<string, Measure>>>): Record<string, number> {
  const totals = new Map<string, Measure>();
  for (const measured of measures) {
    for (const [name, { sum, count }] of Object.entries(measured)) {
      const before = totals.get(name) ?? { sum: 0, count: 0 };
      totals.set(name, { sum: before.sum + sum, count: before.count + count });
    }
  }
  return Object.fromEntries([...totals].map(([name, { sum, count }]) => [name, sum / count]));
}
