import { availableParallelism } from 'node:os';
import type { GraphAdapter } from '../adapters/lora.ts';
import type { PreferenceExample } from '../data/example.ts';
import { Graph } from '../graph/graph.ts';
import type { TensorData } from '../graph/types.ts';
import type { Device } from '../hardware/device.ts';
import { forwardContext } from '../models/context.ts';
import type { LoadedModel } from '../models/load.ts';
import { onnxRuntime } from '../onnx/runtime.ts';
import type { CompiledGraph, Runtime } from '../runtimes/runtime.ts';
import type { MicroBatch } from '../training/micro-batch.ts';
import { tokenPlaces } from '../training/token-places.ts';
import { collatePairs, sequenceLogProbabilities, sequenceTargets } from './pairs.ts';

interface ReferenceOptions {
  model: Pick<LoadedModel, 'family' | 'config' | 'stored'>;
  adapter?: GraphAdapter;
  /** Of the model and of the adapter, by name. They must not change. */
  weights: ReadonlyMap<string, TensorData>;
  /** Whether log probabilities are summed or averaged over the tokens of an answer. */
  over: 'sum' | 'mean';
  threads?: number;
  device?: Device;
  runtime?: Runtime;
}

/**
 * A model that does not learn, which says how probable answers were before training. Each pair is computed once, when it is first
 * asked for, and by itself: what comes out does not depend on the batch that it happened to be in, so a run that was interrupted
 * sees the very same numbers.
 */
export class ReferenceModel {
  readonly #options: ReferenceOptions;
  readonly #known = new WeakMap<PreferenceExample, readonly [chosen: number, rejected: number]>();
  readonly #sessions = new Map<string, Promise<CompiledGraph>>();

  constructor(options: ReferenceOptions) {
    this.#options = options;
  }

  /** Log probabilities of all sequences of a micro-batch of pairs, in its order. */
  async logProbabilities({ pairs = [] }: MicroBatch): Promise<Float32Array> {
    const values = new Float32Array(2 * pairs.length);
    for (const [index, pair] of pairs.entries()) {
      const known = this.#known.get(pair) ?? (await this.#compute(pair));
      this.#known.set(pair, known);
      values[index] = known[0];
      values[pairs.length + index] = known[1];
    }
    return values;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  async #compute(pair: PreferenceExample): Promise<readonly [chosen: number, rejected: number]> {
    const microBatch = collatePairs([pair], 0);
    const { capacity, feeds } = sequenceTargets(microBatch, this.#options.over);
    const session = await this.#session(microBatch, capacity);
    const [chosen = NaN, rejected = NaN] = (await session.run({ ids: microBatch.ids, ...feeds })).numbers('logProbabilities');
    return [chosen, rejected];
  }

  #session({ batch, length }: MicroBatch, targets: number): Promise<CompiledGraph> {
    const key = `${length}:${targets}`;
    const known = this.#sessions.get(key);
    if (known) return known;
    const { model, adapter, weights, threads, device, runtime = onnxRuntime } = this.#options;
    const { family, config, stored } = model;
    const shape = { batch, length, targets, packed: false };
    const graph = new Graph();
    const ids = graph.input('ids', 'int32', [batch * length]);
    const places = tokenPlaces(graph, config, shape, 'float32');
    const context = forwardContext(graph, family.parameters(config), adapter, 'float32', { stored });
    const { hidden, head } = family.forward(context, config, { ids, batch, length, ...places });
    const logProbabilities = sequenceLogProbabilities({ graph, dtype: 'float32', hidden, head, shape, trained: new Set() });
    const session = runtime.compile(graph, { logProbabilities }, weights, { threads: threads || availableParallelism(), device });
    this.#sessions.set(key, session);
    return session;
  }
}
