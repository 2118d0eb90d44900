import { lowerGraph } from '../graph/lower.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { DataType, TensorData, TensorType, Value } from '../graph/types.ts';
import type { Device } from '../hardware/device.ts';
import type { Attribute, OnnxEmitter } from './emitter.ts';
import { ProtobufWriter } from './protobuf.ts';

/** Versions written into the model: ONNX IR 10, opset 21, ONNX Runtime's own operators 1. */
export const irVersion = 10;
export const opsets: readonly (readonly [string, number])[] = [
  ['', 21],
  ['com.microsoft', 1],
];

/** Operators that came with a later opset; a model has it only when it needs it. */
const since: ReadonlyMap<string, number> = new Map([['BitCast', 26]]);

/** TensorProto.DataType of the ONNX specification. A bfloat16 is handed over as the whole number that its bits are. */
export const dataTypes: Record<DataType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 4,
  float64: 11,
};

export interface OnnxModel {
  /** The serialised ModelProto. */
  bytes: Uint8Array;
  /** Weights that the model takes as inputs at every run, so that sessions of other shapes share the same memory. */
  weights: readonly Value[];
  inputs: readonly Value[];
}

/**
 * Writes a graph as an ONNX model (https://onnx.ai/onnx/repo-docs/IR.html). Names of inputs and weights are kept; the
 * outputs take the names given.
 */
export function writeOnnxModel(source: Graph, outputs: Record<string, Value>, device: Device = 'cpu'): OnnxModel {
  const { graph, outputs: results } = lowerGraph(source, Object.values(outputs));
  const usable = Object.keys(outputs).flatMap((name, index) => {
    const value = results[index];
    return value ? [{ name, value }] : [];
  });
  // A result takes the name of the output that it is; what is an output twice, or was given, is passed on by a node of its own.
  const names = new Map<Value, string>();
  for (const { name, value } of usable) if (value.kind === 'result' && !names.has(value)) names.set(value, name);
  const nameOf = (value: Value): string => names.get(value) ?? value.name;
  const writer = new ProtobufWriter();
  writer.integer(1, irVersion).string(2, 'anneal');
  let later = 0;
  writer.message(7, (proto) => {
    const emitter = new GraphWriter(proto, device);
    for (const { value, data } of graph.constants) emitter.initializer(value.name, data, value.dtype, value.shape);
    for (const node of inExecutionOrder(graph.nodes)) {
      if (!node.emit) throw new Error(`operator ${node.op} cannot be written to ONNX`);
      node.emit(emitter, node.inputs.map(nameOf), node.outputs.map(nameOf), node);
    }
    for (const { value, name } of usable) if (nameOf(value) !== name) emitter.node('Identity', [nameOf(value)], [name]);
    proto.string(2, 'graph');
    for (const value of [...graph.inputs, ...graph.weights]) proto.message(11, (info) => valueInfo(info, value.name, value));
    for (const { value, name } of usable) proto.message(12, (info) => valueInfo(info, name, value));
    later = emitter.laterOpset;
  });
  for (const [domain, version] of opsets)
    writer.message(8, (proto) => proto.string(1, domain).integer(2, domain === '' ? Math.max(version, later) : version));
  return { bytes: writer.finish(), weights: graph.weights, inputs: graph.inputs };
}

/**
 * ONNX Runtime executes depth first from the nodes that nothing depends on, the last of the file before the others. Gradients of weights
 * are such nodes: written last, the first of them at the very end, each is computed as soon as it can be and what it needs is freed.
 */
export function inExecutionOrder(nodes: readonly Node[]): Node[] {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const isLeaf = ({ outputs }: Node) => !outputs.some((output) => used.has(output));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

function valueInfo(proto: ProtobufWriter, name: string, type: TensorType): void {
  proto.string(1, name).message(2, (typeProto) =>
    typeProto.message(1, (tensor) => {
      tensor.integer(1, dataTypes[type.dtype]).message(2, (shape) => {
        for (const size of type.shape) shape.message(1, (dim) => dim.integer(1, size));
      });
    }),
  );
}

class GraphWriter implements OnnxEmitter {
  readonly device: Device;
  readonly #proto: ProtobufWriter;
  readonly #literals = new Map<string, string>();
  #count = 0;
  /** The opset that operators of the graph came with, where it is a later one; 0 where it is not. */
  laterOpset = 0;

  constructor(proto: ProtobufWriter, device: Device) {
    this.#proto = proto;
    this.device = device;
  }

  node(type: string, inputs: readonly string[], outputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ''): void {
    this.laterOpset = Math.max(this.laterOpset, since.get(type) ?? 0);
    this.#proto.message(1, (node) => {
      for (const input of inputs) node.string(1, input);
      for (const output of outputs) node.string(2, output);
      node.string(3, `${type}_${this.#count++}`).string(4, type);
      for (const [name, attribute] of Object.entries(attributes)) node.message(5, (proto) => writeAttribute(proto, name, attribute));
      if (domain) node.string(7, domain);
    });
  }

  literal(data: TensorData, dtype: DataType, shape: readonly number[]): string {
    const key = `${dtype}[${shape.join(',')}]:${data.join(',')}`;
    const known = this.#literals.get(key);
    if (known) return known;
    const name = `literal_${this.#literals.size}`;
    this.#literals.set(key, name);
    this.initializer(name, data, dtype, shape);
    return name;
  }

  initializer(name: string, data: TensorData, dtype: DataType, shape: readonly number[]): void {
    this.#proto.message(5, (tensor) => {
      for (const size of shape) tensor.integer(1, size);
      tensor
        .integer(2, dataTypes[dtype])
        .string(8, name)
        .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
  }
}

/** AttributeProto: the type numbers are those of AttributeProto.AttributeType. */
export function writeAttribute(proto: ProtobufWriter, name: string, attribute: Attribute): void {
  proto.string(1, name);
  if ('float' in attribute) proto.float(2, attribute.float).integer(20, 1);
  else if ('int' in attribute) proto.integer(3, attribute.int).integer(20, 2);
  else if ('string' in attribute) proto.string(4, attribute.string).integer(20, 3);
  else {
    for (const value of attribute.ints) proto.integer(8, value);
    proto.integer(20, 7);
  }
}
