import { availableParallelism } from 'node:os';
import type { TensorData, Value } from '../graph/types.ts';
import type { Device } from '../hardware/device.ts';
import { dropoutFeeds } from '../adapters/dropout-masks.ts';
import type { GraphAdapter } from '../adapters/lora.ts';
import { type LoadedModel, weightData } from '../models/load.ts';
import { onnxRuntime } from '../onnx/runtime.ts';
import type { Results } from '../runtimes/results.ts';
import type { CompiledGraph, Runtime } from '../runtimes/runtime.ts';
import { type AdamWSettings, clipFactor, globalNorm } from '../optimizer/adamw.ts';
import { createState, type OptimizerState, type StateFormat, type StateTensor } from '../optimizer/states.ts';
import { type Counts, meansOf, type Measure, type Pass, type TrainingMethod } from '../methods/method.ts';
import { ReferenceModel } from '../methods/reference-model.ts';
import { sft } from '../methods/sft.ts';
import type { MicroBatch } from './micro-batch.ts';
import { buildStepGraph, type StepShape } from './step-graph.ts';
import { packedFeeds } from './token-places.ts';

export interface TrainableTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

export interface TrainerOptions {
  model: LoadedModel;
  /** The low-rank path; without it the model's own weights can be trained. */
  adapter?: GraphAdapter;
  /** What the optimizer changes, in place. */
  trainable: readonly TrainableTensor[];
  /** Supervised fine-tuning if left out. */
  method?: TrainingMethod;
  /** Decides what a dropout leaves out. */
  seed?: number;
  /** What the model is compared with, for methods that do; as the model is without the adapter if left out. */
  reference?: { adapter?: GraphAdapter; weights: ReadonlyMap<string, TensorData> };
  optimizer: AdamWSettings & { maxGradientNorm: number; states?: StateFormat };
  /** CPU threads; 0: one for each core. */
  threads?: number;
  /** What the steps are computed on; the CPU if left out. */
  device?: Device;
  /** The library that computes them; ONNX Runtime if left out. */
  runtime?: Runtime;
  /** Whether the backward pass computes each layer again in place of keeping what was inside of it: less memory, more time. */
  gradientCheckpointing?: 'none' | 'layer';
}

export interface StepResult {
  /** Mean over the target tokens of the whole step, in nats. */
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  /** Positions computed that are not padding, and those among them that are targets. */
  tokens: number;
  targets: number;
  /** What the method reports beside the loss. */
  metrics: Record<string, number>;
}

/** Counts that give sums. */
const ones: Counts = { targets: 1, pairs: 1 };

/**
 * Runs optimizer steps. Gradients of several micro-batches are summed and count by their target tokens, so accumulation
 * gives what one large batch would (see huggingface/transformers#34191 for what goes wrong otherwise).
 */
export class Trainer {
  readonly #options: TrainerOptions;
  readonly #weights: Map<string, TensorData>;
  readonly #states = new Map<string, OptimizerState>();
  readonly #gradients = new Map<string, Float32Array>();
  readonly #partial = new Map<string, Float32Array>();
  readonly #sessions = new Map<string, Promise<CompiledGraph>>();
  readonly #masks = new Map<string, Uint8Array>();
  readonly #method: TrainingMethod;
  readonly #reference?: ReferenceModel;

  constructor(options: TrainerOptions) {
    this.#options = options;
    this.#method = options.method ?? sft;
    const { model, reference = { weights: weightData(model) }, threads, device, runtime } = options;
    if (this.#method.reference)
      this.#reference = new ReferenceModel({ model, ...reference, threads, device, runtime, over: this.#method.reference });
    this.#weights = weightData(model);
    for (const { name, shape, data } of options.trainable) {
      this.#weights.set(name, data);
      this.#states.set(name, createState(name, shape, options.optimizer.states ?? 'float32'));
      this.#gradients.set(name, new Float32Array(data.length));
    }
  }

  /**
   * One optimizer step over some micro-batches.
   * @param step from 1. @throws RangeError when no position of the step is a target.
   */
  async step(microBatches: readonly MicroBatch[], learningRate: number, step: number): Promise<StepResult> {
    const { optimizer, trainable } = this.#options;
    const passes: Pass[] = [];
    for (const microBatch of microBatches) passes.push(await this.#prepare(microBatch));
    const totals: Counts = { targets: 0, pairs: 0 };
    for (const { counts } of passes) {
      totals.targets += counts.targets;
      totals.pairs += counts.pairs;
    }
    if (totals.targets === 0) throw new RangeError('a step without a target token');
    let loss = 0;
    let tokens = 0;
    const measures: Record<string, Measure>[] = [];
    for (const [index, pass] of passes.entries()) {
      const results = await this.#forwardBackward(pass, totals, { step, microBatch: index });
      loss += results.scalar('loss');
      tokens += pass.microBatch.tokens;
      measures.push(pass.measure(results));
    }
    const gradientNorm = globalNorm(this.#gradients.values());
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
      const factor = clipFactor(gradientNorm, optimizer.maxGradientNorm);
      for (const { name, shape, data } of trainable) {
        const gradient = this.#gradients.get(name);
        // Norm weights and biases are vectors; decay would pull them away from where they belong.
        const settings = shape.length < 2 ? { ...optimizer, weightDecay: 0 } : optimizer;
        if (gradient) this.#states.get(name)?.update(data, gradient, settings, learningRate, step, factor);
      }
    }
    // The loss of a pass is its share of that of the step here, not a measure of its own.
    const { loss: _share, ...metrics } = meansOf(measures);
    return { loss, gradientNorm, tokens, targets: totals.targets, metrics };
  }

  /**
   * Measures without training: the `loss` over all micro-batches together, and what the method reports beside it.
   * @param microBatches made one after the other, as they are needed.
   */
  async evaluate(microBatches: Iterable<MicroBatch> | AsyncIterable<MicroBatch>): Promise<Record<string, number>> {
    const measures: Record<string, Measure>[] = [];
    for await (const microBatch of microBatches) {
      const pass = await this.#prepare(microBatch);
      const session = await this.#session(pass, false);
      measures.push(pass.measure(await session.run(this.#feeds(pass, ones, session.inputs))));
    }
    return this.#method.summarise(meansOf(measures));
  }

  /**
   * How probable a reference model holds the sequences of a micro-batch, for methods that have one. It remembers each pair, so that a
   * pair's first step and its first evaluation take longer than those that follow.
   */
  async reference(microBatch: MicroBatch): Promise<Float32Array | undefined> {
    return this.#reference?.logProbabilities(microBatch);
  }

  /** Gradients of the last step, before clipping, by tensor name. They are overwritten by the next one. */
  get gradients(): ReadonlyMap<string, Float32Array> {
    return this.#gradients;
  }

  /** Everything that changes from step to step, in place: trainable tensors and what the optimizer remembers of them. */
  state(): StateTensor[] {
    return this.#options.trainable.flatMap((tensor) => [tensor, ...(this.#states.get(tensor.name)?.tensors ?? [])]);
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
    await this.#reference?.release();
  }

  async #prepare(microBatch: MicroBatch): Promise<Pass> {
    return this.#method.prepare(microBatch, await this.reference(microBatch));
  }

  async #forwardBackward(pass: Pass, totals: Counts, place: { step: number; microBatch: number }): Promise<Results> {
    const isFirst = place.microBatch === 0;
    const session = await this.#session(pass, true);
    const buffers = isFirst ? this.#gradients : this.#partialBuffers();
    const into = Object.fromEntries([...buffers].map(([name, data]) => [`grad:${name}`, data]));
    const results = await session.run({ ...this.#feeds(pass, totals, session.inputs), ...this.#dropout(session.inputs, place) }, into);
    if (!isFirst) {
      for (const [name, sum] of this.#gradients) {
        const part = buffers.get(name);
        if (part) for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) + (part[index] ?? 0);
      }
    }
    return results;
  }

  #partialBuffers(): Map<string, Float32Array> {
    if (this.#partial.size === 0) for (const [name, data] of this.#gradients) this.#partial.set(name, new Float32Array(data.length));
    return this.#partial;
  }

  #session({ microBatch: { batch, length, starts }, targets }: Pass, backward: boolean): Promise<CompiledGraph> {
    const packed = starts !== undefined;
    const shape: StepShape = { batch, length, packed, targets };
    const key = `${batch}x${length}:${shape.targets}:${packed ? 'packed' : 'plain'}:${backward ? 'train' : 'evaluate'}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const { model, adapter, trainable, threads, device, runtime = onnxRuntime, gradientCheckpointing } = this.#options;
    const changing = new Set(trainable.map(({ name }) => name));
    const { graph, outputs } = buildStepGraph(
      { ...model, adapter, method: this.#method, gradientCheckpointing },
      shape,
      backward ? trainable.map(({ name }) => name) : [],
    );
    const session = runtime.compile(graph, outputs, this.#weights, { threads: threads || availableParallelism(), device, changing });
    this.#sessions.set(key, session);
    return session;
  }

  #dropout(inputs: readonly Value[], place: { step: number; microBatch: number }): Record<string, Uint8Array> {
    const { adapter, seed = 0 } = this.#options;
    const share = adapter?.settings.dropout ?? 0;
    return share > 0 ? dropoutFeeds(inputs, share, { seed, ...place }, this.#masks) : {};
  }

  #feeds({ microBatch, feeds }: Pass, totals: Counts, inputs: readonly Value[]): Record<string, Int32Array | Float32Array> {
    return { ids: microBatch.ids, ...feeds(totals), ...packedFeeds(this.#options.model.config, microBatch, inputs) };
  }
}
