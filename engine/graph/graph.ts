import type { OnnxEmitter } from '../onnx/emitter.ts';
import { type Constant, type DataType, type TensorData, type TensorType, type Value, elements } from './types.ts';

/**
 * A gradient that flows into one input of a node. A function receives what was summed up for that input so far, so
 * that a matrix product can add to it for free instead of leaving an `Add` behind.
 */
export type Contribution = Value | ((sum: Value | undefined) => Value);

export interface GradientCall {
  inputs: readonly Value[];
  outputs: readonly Value[];
  /** Gradients of the outputs; undefined where nothing depends on the output. */
  grads: readonly (Value | undefined)[];
  /** Whether the gradient of each input is asked for. */
  needs: readonly boolean[];
}

/** One use of an operator, its attributes already bound. */
export interface Node {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** What the operator was applied with, for runtimes that have rules of their own. */
  readonly attributes: unknown;
  /** Primitive operators: writes the ONNX node. */
  readonly emit?: (emitter: OnnxEmitter, inputs: readonly string[], outputs: readonly string[], node: Node) => void;
  /** Composite operators: the same in terms of other operators. */
  readonly lower?: (graph: Graph, inputs: readonly Value[]) => readonly Value[];
  readonly gradient?: (graph: Graph, call: GradientCall) => readonly (Contribution | undefined)[];
  /** The results are not kept for the backward pass but computed again there. */
  readonly recompute?: boolean;
}

/**
 * A computation under construction: values and the nodes that make them, in execution order.
 * Shapes are static, so every operator checks its inputs while the graph is built.
 */
export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs: Value[] = [];
  readonly weights: Value[] = [];
  readonly constants: Constant[] = [];
  readonly #names = new Set<string>();
  #nextId = 0;
  #recomputing = false;

  /** A tensor fed at every run. */
  input(name: string, dtype: DataType, shape: readonly number[]): Value {
    const value = this.#value('input', { dtype, shape }, name);
    this.inputs.push(value);
    return value;
  }

  /** A tensor of the model, bound when the graph is compiled. */
  weight(name: string, dtype: DataType, shape: readonly number[]): Value {
    const known = this.weights.find((weight) => weight.name === name);
    if (known) return known;
    const value = this.#value('weight', { dtype, shape }, name);
    this.weights.push(value);
    return value;
  }

  constant(data: TensorData, dtype: DataType, shape: readonly number[]): Value {
    if (data.length !== elements(shape)) throw new RangeError(`constant: ${data.length} elements for shape [${shape.join(', ')}]`);
    const value = this.#value('constant', { dtype, shape });
    this.constants.push({ value, data });
    return value;
  }

  scalar(number: number, dtype: DataType): Value {
    if (dtype === 'float64') return this.constant(Float64Array.of(number), dtype, []);
    if (dtype === 'float32') return this.constant(Float32Array.of(number), dtype, []);
    if (dtype === 'int32') return this.constant(Int32Array.of(number), dtype, []);
    if (dtype === 'int64') return this.constant(BigInt64Array.of(BigInt(number)), dtype, []);
    return this.constant(Uint8Array.of(number), dtype, []);
  }

  /** A tensor whose elements are all the same. */
  filled(number: number, dtype: 'float32' | 'float64', shape: readonly number[]): Value {
    const data = dtype === 'float64' ? new Float64Array(elements(shape)) : new Float32Array(elements(shape));
    return this.constant(data.fill(number), dtype, shape);
  }

  /** Adds a node and gives the values that it makes. Operators call this; models call operators. */
  append(parts: Omit<Node, 'outputs'>, types: readonly TensorType[]): readonly Value[] {
    const outputs = types.map((type) => this.#value('result', type));
    this.nodes.push({ ...parts, outputs, recompute: this.#recomputing || parts.recompute });
    return outputs;
  }

  /**
   * Builds a part of the graph whose results are not kept for the backward pass but computed again there (gradient checkpointing,
   * Chen et al. 2016). What the part returns should be the input of something outside of it, or it is computed again too.
   */
  recomputed<T>(build: () => T): T {
    const before = this.#recomputing;
    this.#recomputing = true;
    try {
      return build();
    } finally {
      this.#recomputing = before;
    }
  }

  #value(kind: Value['kind'], type: TensorType, name?: string): Value {
    const id = this.#nextId++;
    const unique = name ?? `v${id}`;
    if (this.#names.has(unique)) throw new Error(`the graph has two tensors named ${unique}`);
    this.#names.add(unique);
    return { id, kind, name: unique, dtype: type.dtype, shape: [...type.shape] };
  }
}
