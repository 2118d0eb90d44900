import { lowerGraph } from '../graph/lower.ts';
import type { Graph } from '../graph/graph.ts';
import type { DataType, TensorData, TensorType, Value } from '../graph/types.ts';
import type { Attribute, OnnxEmitter } from './emitter.ts';
import { ProtobufWriter } from './protobuf.ts';

/** Versions written into the model: ONNX IR 10, opset 21, ONNX Runtime's own operators 1. */
const irVersion = 10;
const opsets: readonly (readonly [string, number])[] = [
  ['', 21],
  ['com.microsoft', 1],
];

/** TensorProto.DataType of the ONNX specification. */
const dataTypes: Record<DataType, number> = { float32: 1, float64: 11, int32: 6, int64: 7, bool: 9 };

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
export function writeOnnxModel(source: Graph, outputs: Record<string, Value>): OnnxModel {
  const names = Object.keys(outputs);
  const { graph, outputs: results } = lowerGraph(source, Object.values(outputs));
  const usable = results.map((value, index) => ({ value, name: names[index] ?? value.name }));
  const writer = new ProtobufWriter();
  writer.integer(1, irVersion).string(2, 'anneal');
  writer.message(7, (proto) => {
    const emitter = new GraphWriter(proto);
    for (const { value, data } of graph.constants) emitter.initializer(value.name, data, value.dtype, value.shape);
    for (const node of graph.nodes) {
      if (!node.emit) throw new Error(`operator ${node.op} cannot be written to ONNX`);
      node.emit(
        emitter,
        node.inputs.map((value) => value.name),
        node.outputs.map((value) => value.name),
        node,
      );
    }
    for (const { value, name } of usable) emitter.node('Identity', [value.name], [name]);
    proto.string(2, 'graph');
    for (const value of [...graph.inputs, ...graph.weights]) proto.message(11, (info) => valueInfo(info, value.name, value));
    for (const { value, name } of usable) proto.message(12, (info) => valueInfo(info, name, value));
  });
  for (const [domain, version] of opsets) writer.message(8, (proto) => proto.string(1, domain).integer(2, version));
  return { bytes: writer.finish(), weights: graph.weights, inputs: graph.inputs };
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
  readonly #proto: ProtobufWriter;
  readonly #literals = new Map<string, string>();
  #count = 0;

  constructor(proto: ProtobufWriter) {
    this.#proto = proto;
  }

  node(type: string, inputs: readonly string[], outputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ''): void {
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
function writeAttribute(proto: ProtobufWriter, name: string, attribute: Attribute): void {
  proto.string(1, name);
  if ('float' in attribute) proto.float(2, attribute.float).integer(20, 1);
  else if ('int' in attribute) proto.integer(3, attribute.int).integer(20, 2);
  else if ('string' in attribute) proto.string(4, attribute.string).integer(20, 3);
  else {
    for (const value of attribute.ints) proto.integer(8, value);
    proto.integer(20, 7);
  }
}
