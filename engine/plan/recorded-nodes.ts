import type { Graph } from '../graph/graph.ts';
import { type DataType, elements, type TensorData, type TensorType, type Value } from '../graph/types.ts';
import type { Device } from '../hardware/device.ts';
import type { OnnxEmitter } from '../onnx/emitter.ts';
import { inExecutionOrder } from '../onnx/model.ts';

/** An ONNX node as ONNX Runtime will see it, by the names of its tensors. */
export interface RecordedNode {
  type: string;
  inputs: readonly string[];
  outputs: readonly string[];
}

export interface RecordedGraph {
  nodes: readonly RecordedNode[];
  /** Size of each tensor that a node makes or reads, by name. */
  bytes: ReadonlyMap<string, number>;
  /** Tensors that the caller brings: inputs, weights, literals. */
  given: ReadonlySet<string>;
}

const elementBytes: Record<DataType, number> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int8: 1,
  uint8: 1,
  uint16: 2,
  int32: 4,
  int64: 8,
  bool: 1,
};

export const tensorBytes = ({ dtype, shape }: TensorType): number => elements(shape) * elementBytes[dtype];

/**
 * Writes a lowered graph into a list of nodes in place of a file.
 * @throws Error when an operator is composite
 */
export function recordNodes(graph: Graph, device: Device): RecordedGraph {
  const recorder = new NodeRecorder(device);
  for (const value of [...graph.inputs, ...graph.weights, ...graph.constants.map((constant) => constant.value)]) recorder.give(value);
  for (const node of inExecutionOrder(graph.nodes)) {
    if (!node.emit) throw new Error(`operator ${node.op} is not lowered`);
    for (const output of node.outputs) recorder.bytes.set(output.name, tensorBytes(output));
    node.emit(
      recorder,
      node.inputs.map(({ name }) => name),
      node.outputs.map(({ name }) => name),
      node,
    );
  }
  return recorder;
}

class NodeRecorder implements OnnxEmitter, RecordedGraph {
  readonly device: Device;
  readonly nodes: RecordedNode[] = [];
  readonly bytes = new Map<string, number>();
  readonly given = new Set<string>();

  constructor(device: Device) {
    this.device = device;
  }

  give(value: Value): void {
    this.given.add(value.name);
    this.bytes.set(value.name, tensorBytes(value));
  }

  node(type: string, inputs: readonly string[], outputs: readonly string[]): void {
    this.nodes.push({ type, inputs, outputs });
    // What an operator keeps to itself has no type here; it is about as large as what it is made from.
    for (const output of outputs) if (!this.bytes.has(output)) this.bytes.set(output, this.bytes.get(inputs[0] ?? '') ?? 0);
  }

  literal(data: TensorData, dtype: DataType, shape: readonly number[]): string {
    const name = `literal ${this.given.size}`;
    this.given.add(name);
    this.bytes.set(name, tensorBytes({ dtype, shape }));
    return name;
  }
}
