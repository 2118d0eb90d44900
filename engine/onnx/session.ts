import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Graph } from '../graph/graph.ts';
import { type TensorData, type Value, describe, elements } from '../graph/types.ts';
import { writeOnnxModel } from './model.ts';

export interface SessionOptions {
  /** CPU threads; 0: one for each core. */
  threads?: number;
  /** A file prefix: ONNX Runtime writes a profile of every operator there. */
  profile?: string;
}

export type Feeds = Record<string, TensorData>;

/** A graph compiled by ONNX Runtime for one set of shapes. `run` blocks the event loop while it computes. */
export class GraphSession<Output extends string> {
  readonly #session: InferenceSession;
  readonly #inputs: readonly Value[];
  readonly #weights: Record<string, Tensor>;
  readonly #outputs: Record<Output, Value>;

  private constructor(
    session: InferenceSession,
    inputs: readonly Value[],
    weights: Record<string, Tensor>,
    outputs: Record<Output, Value>,
  ) {
    this.#session = session;
    this.#inputs = inputs;
    this.#weights = weights;
    this.#outputs = outputs;
  }

  /**
   * Compiles a graph.
   * @param weights data of each weight of the graph, by name; they are used in place, never copied, so changes show.
   */
  static async compile<Output extends string>(
    graph: Graph,
    outputs: Record<Output, Value>,
    weights: ReadonlyMap<string, TensorData>,
    options: SessionOptions = {},
  ): Promise<GraphSession<Output>> {
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
      ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
    });
    return new GraphSession(session, model.inputs, bound, outputs);
  }

  /**
   * Computes all outputs.
   * @param feeds data of each input, by name. @param into buffers that the outputs of the same names are written to.
   */
  async run(feeds: Feeds, into: Partial<Record<Output, TensorData>> = {}): Promise<Record<Output, TensorData>> {
    const tensors: Record<string, Tensor> = { ...this.#weights };
    for (const input of this.#inputs) {
      const data = feeds[input.name];
      if (!data) throw new Error(`input ${input.name} ${describe(input)} is not fed`);
      tensors[input.name] = tensor(input, data);
    }
    const fetches: Record<string, Tensor | null> = {};
    for (const name of Object.keys(this.#outputs) as Output[]) {
      const buffer = into[name];
      fetches[name] = buffer ? tensor(this.#outputs[name], buffer) : null;
    }
    const results = await this.#session.run(tensors, fetches);
    const data: Partial<Record<Output, TensorData>> = {};
    for (const name of Object.keys(this.#outputs) as Output[]) data[name] = results[name]?.data as TensorData;
    return data as Record<Output, TensorData>;
  }

  endProfiling(): void {
    this.#session.endProfiling();
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function tensor(value: Value, data: TensorData): Tensor {
  if (data.length !== elements(value.shape)) throw new RangeError(`${value.name} ${describe(value)} was given ${data.length} elements`);
  return new Tensor(value.dtype, data as Float32Array, value.shape);
}
