import type { Graph } from '../graph/graph.ts';
import type { TensorData, Value } from '../graph/types.ts';
import type { Device } from '../hardware/device.ts';
import type { Results } from './results.ts';

export const runtimeNames = ['onnx', 'tfjs'] as const;

export type RuntimeName = (typeof runtimeNames)[number];

export interface CompileOptions {
  /** CPU threads; 0: one for each core. Those of TensorFlow.js are set when its package is loaded. */
  threads?: number;
  /** What ONNX Runtime computes on. TensorFlow.js computes on what its package was made for. */
  device?: Device;
  /** Names of the weights whose data changes from run to run. A runtime may keep a copy of the others. */
  changing?: ReadonlySet<string>;
}

export type Feeds = Readonly<Record<string, TensorData>>;

/** A graph made ready for one set of shapes. `run` blocks the event loop while it computes. */
export interface CompiledGraph {
  /** What `run` has to be fed. */
  readonly inputs: readonly Value[];
  /**
   * Computes all outputs.
   * @param feeds data of each input, by name.
   * @param into buffers that the outputs of the same names are written to.
   * @returns data of each output, by name.
   */
  run(feeds: Feeds, into?: Feeds): Promise<Results>;
  release(): Promise<void>;
}

/** A library that computes graphs. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The package behind it with its version, to be shown. */
  readonly library: string;
  /**
   * @param outputs what the graph computes, by name.
   * @param weights data of each weight of the graph, by name.
   */
  compile(
    graph: Graph,
    outputs: Readonly<Record<string, Value>>,
    weights: ReadonlyMap<string, TensorData>,
    options?: CompileOptions,
  ): Promise<CompiledGraph>;
}

/** What a run asks for. */
export interface RuntimeRequest {
  device: Device | 'auto';
  /** CPU threads; 0: one for each core. */
  threads: number;
}

/** A runtime that works on this machine. */
export interface ChosenRuntime {
  runtime: Runtime;
  device: Device;
  /** For the run's log: what computes, and why something better was passed over. Null when there is nothing to say. */
  note: string | null;
}
