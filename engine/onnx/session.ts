import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Graph } from '../graph/graph.ts';
import { type TensorData, type Value, describe, elements } from '../graph/types.ts';
import { type Device, executionProvider } from '../hardware/device.ts';
import { Results } from '../runtimes/results.ts';
import type { CompiledGraph, Feeds } from '../runtimes/runtime.ts';
import { writeOnnxModel } from './model.ts';

export interface SessionOptions {
  /** CPU threads; 0: one for each core. */
  threads?: number;
  /** Where it is computed; nodes that the device has no kernel for are computed by the CPU. */
  device?: Device;
}

/** A graph compiled by ONNX Runtime for one set of shapes. `run` blocks the event loop while it computes. */
export class GraphSession implements CompiledGraph {
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
    const model = writeOnnxModel(graph, outputs, options.device);
    const bound: Record<string, Tensor> = {};
    for (const weight of model.weights) {
      const data = weights.get(weight.name);
      if (!data) throw new Error(`weight ${weight.name} ${describe(weight)} is not given`);
      bound[weight.name] = tensor(weight, data);
    }
    const session = await InferenceSession.create(model.bytes, {
      executionProviders: [executionProvider[options.device ?? 'cpu']],
      intraOpNumThreads: options.threads ?? 0,
      interOpNumThreads: 1,
      // Planned ahead, the buffers of a step take twice the memory: one plan beside the blocks of the first run.
      enableMemPattern: false,
      // Fused operators exist in single precision only.
      graphOptimizationLevel: model.inputs.some(({ dtype }) => dtype === 'float64') ? 'basic' : 'all',
      logSeverityLevel: 3,
      // Merging equal computations would undo what the backward pass computes again.
      extra: { optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' } },
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
  async run(feeds: Feeds, into: Feeds = {}): Promise<Results> {
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
    const results = await this.#session.run(tensors, fetches);
    return new Results(Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data])));
  }

  async release(): Promise<void> {
    await this.#session.release();
  }
}

function tensor(value: Value, data: TensorData): Tensor {
  if (data.length !== elements(value.shape)) throw new RangeError(`${value.name} ${describe(value)} was given ${data.length} elements`);
  return new Tensor(value.dtype === 'bfloat16' ? 'uint16' : value.dtype, data, value.shape);
}
