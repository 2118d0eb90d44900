import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/types.ts';
import type { ConfigFile } from './config-file.ts';
import type { ModelConfig } from './model-config.ts';
import type { LinearLayer } from './tensor-list.ts';

/** What a model's forward pass is written with. */
export interface ForwardContext {
  readonly graph: Graph;
  /** A weight of the model, by the name it has in its safetensors file. */
  weight(name: string): Value;
  /**
   * x · Wᵀ (+ bias) with the weight `${name}.weight`, and whatever an adapter adds to it. x: [n, in] → [n, out].
   * @param options.layout how the weight is stored; [out, in] if left out.
   */
  linear(x: Value, name: string, options?: Partial<Pick<LinearLayer, 'layout'>>): Value;
  /** Linear layers on the same input, one result for each name. Adapters share what they can. */
  linears(x: Value, names: readonly string[]): Value[];
  /** Builds what is inside of a layer, which gradient checkpointing computes again in the backward pass. What follows is kept. */
  layer: <T>(build: () => T) => T;
}

/** Keys and values of earlier positions, each [b, key-value heads, past, head size]. */
export interface LayerCache {
  key: Value;
  value: Value;
}

/** Angles of rotary positions: [1 or b, s, head size / 2]. */
export interface Angles {
  cos: Value;
  sin: Value;
}

export interface ForwardInputs {
  /** int32 [b · s], sequences one after the other. */
  ids: Value;
  batch: number;
  /** Positions of each sequence in this pass. */
  length: number;
  /** int32 [b · s]: the place of each token in its own text, from 0. */
  positions: Value;
  /** Those of the rotary positions that the configuration names. Not for families without. */
  angles: () => Angles;
  /**
   * What is added to the attention scores; broadcastable to [b, heads, s, past + s].
   * @param window a position sees only this many, itself included; all before it if left out.
   */
  mask: (window?: number) => Value;
  /** One for each layer when earlier positions are looked at. */
  cache?: readonly LayerCache[];
}

export interface ForwardResult {
  /** [b · s, hidden], after the last norm. */
  hidden: Value;
  /** The matrix [vocabulary, hidden] that turns hidden states into logits. */
  head: Value;
  /** Keys and values of the positions of this pass, one for each layer. */
  cache: readonly LayerCache[];
}

/** A kind of model: a forward pass and the tensors it needs. A new one is one file and a line in `families.ts`. */
export interface ModelFamily {
  /** What `architectures` and `model_type` of config.json call it. */
  className: string;
  modelType: string;
  /** First part of the tensors' names, which files that were saved without an output projection leave out. */
  prefix: string;
  /** The weight of a norm that changes nothing. */
  restingNorm: 0 | 1;
  /** @throws EngineError `MODEL_BROKEN`, `MODEL_UNSUPPORTED` */
  readConfig(file: ConfigFile): ModelConfig;
  /** Shapes of all tensors by name, as in the safetensors file. */
  parameters(config: ModelConfig): ReadonlyMap<string, readonly number[]>;
  /** The linear layers, all that adapters can be put on; without the output projection. */
  linears(config: ModelConfig): readonly LinearLayer[];
  forward(context: ForwardContext, config: ModelConfig, inputs: ForwardInputs): ForwardResult;
}
