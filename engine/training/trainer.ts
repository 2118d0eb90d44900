import { availableParallelism } from 'node:os';
import type { Value } from '../graph/types.ts';
import type { GraphAdapter } from '../models/context.ts';
import type { LoadedModel } from '../models/load.ts';
import { GraphSession } from '../onnx/session.ts';
import { adamW, type AdamWSettings, clipFactor, globalNorm, type Moments } from '../optimizer/adamw.ts';
import { findTargets, type MicroBatch, targetCapacity, type Targets } from './micro-batch.ts';
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
  optimizer: AdamWSettings & { maxGradientNorm: number };
  /** CPU threads; 0: one for each core. */
  threads?: number;
}

export interface StepResult {
  /** Mean over the target tokens of the whole step, in nats. */
  loss: number;
  /** Before clipping. */
  gradientNorm: number;
  /** Positions computed that are not padding, and those among them that are targets. */
  tokens: number;
  targets: number;
}

/** A micro-batch on its way through the model, and what it is to predict. */
interface Pass {
  microBatch: MicroBatch;
  found: Targets;
}

/**
 * Runs optimizer steps. Gradients of several micro-batches are summed and count by their target tokens, so accumulation
 * gives what one large batch would (see huggingface/transformers#34191 for what goes wrong otherwise).
 */
export class Trainer {
  readonly #options: TrainerOptions;
  readonly #weights: Map<string, Float32Array>;
  readonly #moments = new Map<string, Moments>();
  readonly #gradients = new Map<string, Float32Array>();
  readonly #partial = new Map<string, Float32Array>();
  readonly #sessions = new Map<string, Promise<GraphSession>>();

  constructor(options: TrainerOptions) {
    this.#options = options;
    this.#weights = new Map(options.model.weights);
    for (const { name, data } of options.trainable) {
      this.#weights.set(name, data);
      this.#moments.set(name, { mean: new Float32Array(data.length), square: new Float32Array(data.length) });
      this.#gradients.set(name, new Float32Array(data.length));
    }
  }

  /**
   * One optimizer step over some micro-batches.
   * @param step from 1. @throws RangeError when no position of the step is a target.
   */
  async step(microBatches: readonly MicroBatch[], learningRate: number, step: number): Promise<StepResult> {
    const { optimizer, trainable } = this.#options;
    const passes = microBatches.map((microBatch) => ({ microBatch, found: findTargets(microBatch) }));
    const targets = passes.reduce((sum, { found }) => sum + found.rows.length, 0);
    if (targets === 0) throw new RangeError('a step without a target token');
    let loss = 0;
    let tokens = 0;
    for (const [index, pass] of passes.entries()) {
      loss += await this.#forwardBackward(pass, 1 / targets, index === 0);
      tokens += pass.microBatch.tokens;
    }
    const gradientNorm = globalNorm(this.#gradients.values());
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
      const factor = clipFactor(gradientNorm, optimizer.maxGradientNorm);
      for (const { name, shape, data } of trainable) {
        const [gradient, moments] = [this.#gradients.get(name), this.#moments.get(name)];
        // Norm weights and biases are vectors; decay would pull them away from where they belong.
        const settings = shape.length < 2 ? { ...optimizer, weightDecay: 0 } : optimizer;
        if (gradient && moments) adamW(data, gradient, moments, settings, learningRate, step, factor);
      }
    }
    return { loss, gradientNorm, tokens, targets };
  }

  /** The summed loss over the target tokens of a micro-batch, in nats, without training. */
  async evaluate(microBatch: MicroBatch): Promise<{ loss: number; targets: number }> {
    const pass = { microBatch, found: findTargets(microBatch) };
    const session = await this.#session(pass, false);
    const results = await session.run(this.#feeds(pass, 1, session.inputs));
    return { loss: results.scalar('loss'), targets: pass.found.rows.length };
  }

  /** Gradients of the last step, before clipping, by tensor name. They are overwritten by the next one. */
  get gradients(): ReadonlyMap<string, Float32Array> {
    return this.#gradients;
  }

  /** Everything that changes from step to step, in place: trainable tensors and optimizer moments. */
  state(): TrainableTensor[] {
    return this.#options.trainable.flatMap(({ name, shape, data }) => {
      const moments = this.#moments.get(name);
      if (!moments) return [];
      return [
        { name, shape, data },
        { name: `adamw.mean:${name}`, shape, data: moments.mean },
        { name: `adamw.square:${name}`, shape, data: moments.square },
      ];
    });
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  async #forwardBackward(pass: Pass, weight: number, isFirst: boolean): Promise<number> {
    const session = await this.#session(pass, true);
    const buffers = isFirst ? this.#gradients : this.#partialBuffers();
    const into = Object.fromEntries([...buffers].map(([name, data]) => [`grad:${name}`, data]));
    const results = await session.run(this.#feeds(pass, weight, session.inputs), into);
    if (!isFirst) {
      for (const [name, sum] of this.#gradients) {
        const part = buffers.get(name);
        if (part) for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] ?? 0) + (part[index] ?? 0);
      }
    }
    return results.scalar('loss');
  }

  #partialBuffers(): Map<string, Float32Array> {
    if (this.#partial.size === 0) for (const [name, data] of this.#gradients) this.#partial.set(name, new Float32Array(data.length));
    return this.#partial;
  }

  #session({ microBatch: { batch, length, starts }, found }: Pass, backward: boolean): Promise<GraphSession> {
    const packed = starts !== undefined;
    const shape: StepShape = { batch, length, packed, targets: targetCapacity(found.rows.length, batch * length) };
    const key = `${batch}x${length}:${shape.targets}:${packed ? 'packed' : 'plain'}:${backward ? 'train' : 'evaluate'}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const { model, adapter, trainable, threads } = this.#options;
    const { graph, outputs } = buildStepGraph({ ...model, adapter }, shape, backward ? trainable.map(({ name }) => name) : []);
    const session = GraphSession.compile(graph, outputs, this.#weights, { threads: threads || availableParallelism() });
    this.#sessions.set(key, session);
    return session;
  }

  /** @param weight what each target token counts. */
  #feeds({ microBatch, found }: Pass, weight: number, inputs: readonly Value[]): Record<string, Int32Array | Float32Array> {
    const positions = microBatch.ids.length;
    const capacity = targetCapacity(found.rows.length, positions);
    const [rows, labels, weights] = [new Int32Array(capacity), new Int32Array(capacity), new Float32Array(capacity)];
    rows.set(found.rows);
    labels.set(found.labels);
    weights.fill(weight, 0, found.rows.length);
    const places = new Int32Array(positions).fill(capacity);
    found.rows.forEach((row, index) => (places[row] = index));
    return { ids: microBatch.ids, rows, places, labels, weights, ...packedFeeds(this.#options.model.config, microBatch, inputs) };
  }
}
