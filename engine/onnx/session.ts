import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Graph } from '../graph/graph.ts';
import { type TensorData, type Value, describe, elements } from '../graph/types.ts';
import { writeOnnxModel } from './model.ts';

export interface SessionOptions {
  /** CPU threads; 0: one for each core. */
  threads?: number;
}

export type Feeds = Readonly<Record<string, TensorData>>;

/** A graph compiled by ONNX Runtime for one set of shapes. `run` blocks the event loop while it computes. */
export class GraphSession {
  readonly #session: InferenceSession;
  readonly #inputs: readonly Value[];
  readonly #weights: Readonly<Record<string, Tensor>>;
  readonly #outputs: Readonly<Record<string, Value>>;

  private constructor(
    session: InferenceSession,
    inputs: readonly Value[],
    weights: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Value>>,
  ) {
    this.#session = session;
    this.#inputs = inputs;
    this.#weights = weights;
    this.#outputs = outputs;
  }

  /**
   * Compiles a graph.
   * @param outputs what `run` computes, by name.
   * @param weights data of each weight of the graph, by name; they are used in place, never copied, so changes show.
   */
  static async compile(
    graph: Graph,
    outputs: Readonly<Record<string, Value>>,
    weights: ReadonlyMap<string, TensorData>,
    options: SessionOptions = {},
  ): Promise<GraphSession> {
    const model = writeOnnxModel(graph, outputs);
    const bound: Record<string, Tensor> = {};
    for (const weight of model.weights) {
      const data = weights.get(weight.name);
      if (!data) throw new Error(`weight ${weight.name} ${describe(weight)} is not given`);
      bound[weight.name] = tensor(weight, data);
    }
    const session = await InferenceSession.create(model.bytes, {
      intraOpNumThreads: options.threads ?? 0,
      interOpNumThreads: 1,
      // Fused operators exist in single precision only.
      graphOptimizationLevel: model.inputs.some(({ dtype }) => dtype === 'float64') ? 'basic' : 'all',
      logSeverityLevel: 3,
    });
    return new GraphSession(session, model.inputs, bound, outputs);
  }

  /** What `run` has to be fed. */
  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  /**
   * Computes all outputs.
   * @param feeds data of each input, by name.
   * @param into buffers that the outputs of the same names are written to.
   * @returns data of each output, by name.
   */
  async run(feeds: Feeds, into: Feeds = {}): Promise<SessionResults> {
    const tensors: Record<string, Tensor> = { ...this.#weights };
    for (const input of this.#inputs) {
      const data = feeds[input.name];
      if (!data) throw new Error(`input ${input.name} ${describe(input)} is not fed`);
      tensors[input.name] = tensor(input, data);
    }
    const fetches: Record<string, Tensor | null> = {};
    for (const [name, value] of Object.entries(this.#outputs)) {
      const buffer = into[name];
      fetches[name] = buffer ? tensor(value, buffer) : null;
    }
    return new SessionResults(await this.#session.run(tensors, fetches));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** What a session computed. */
export class SessionResults {
  readonly #results: Readonly<Record<string, Tensor>>;

  constructor(results: Readonly<Record<string, Tensor>>) {
    this.#results = results;
  }

  /** A single precision output. */
  floats(name: string): Float32Array {
    const data = this.#results[name]?.data;
    if (!(data instanceof Float32Array)) throw new TypeError(`the session gave no single precision tensor ${name}`);
    return data;
  }

  /** All elements of a floating point output, as numbers. */
  numbers(name: string): readonly number[] {
    const data = this.#results[name]?.data;
    if (!(data instanceof Float32Array || data instanceof Float64Array)) throw new TypeError(`the session gave no numbers ${name}`);
    return Array.from(data);
  }

  /** An output of one element. */
  scalar(name: string): number {
    return this.numbers(name)[0] ?? NaN;
  }
}

function tensor(value: Value, data: TensorData): Tensor {
  if (data.length !== elements(value.shape)) throw new RangeError(`${value.name} ${describe(value)} was given ${data.length} elements`);
  return new Tensor(value.dtype, data, value.shape);
}
