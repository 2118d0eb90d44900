import path from 'node:path';
import type { DataType, TensorData } from '../../graph/types.ts';
import { dataTypes, irVersion, opsets, writeAttribute } from '../../onnx/model.ts';
import { ProtobufWriter } from '../../onnx/protobuf.ts';
import { writeAll, writeDurably } from '../../weights/durable.ts';
import type { RecordedNode } from './record.ts';

/** A tensor of the model's interface. A dimension with a name is open. */
export interface OpenTensor {
  name: string;
  dtype: DataType;
  shape: readonly (number | string)[];
}

export interface SmallTensor {
  name: string;
  data: TensorData;
  dtype: DataType;
  shape: readonly number[];
}

export interface WeightTensor {
  name: string;
  shape: readonly number[];
}

export interface ModelParts {
  nodes: readonly RecordedNode[];
  inputs: readonly OpenTensor[];
  outputs: readonly OpenTensor[];
  constants: readonly SmallTensor[];
  /** float32 */
  weights: readonly WeightTensor[];
}

export interface WeightPlacement {
  /** Weights of more bytes together lie in files of their own: a model file ends at 2 GiB, and must be in memory to be written. */
  inlineBytes: number;
  /** Bytes of such a file at most, where no tensor is larger: browsers hold no buffer of 2 GiB. */
  fileBytes: number;
}

/** Where in the data files a weight lies. */
interface Place {
  file: number;
  offset: number;
}

/** Weights begin at multiples of a memory page, so that they can be mapped. */
const pageBytes = 4096;

/**
 * Writes an ONNX model as `<folder>/model.onnx`, its weights inside or, one tensor at a time, as external data in
 * `model.onnx_data`, `model.onnx_data_1`, ….
 * @param read a weight's elements
 * @returns the number of data files
 */
export async function writeModelFiles(
  folder: string,
  parts: ModelParts,
  read: (name: string) => Promise<Float32Array>,
  { inlineBytes, fileBytes }: WeightPlacement,
): Promise<number> {
  const total = parts.weights.reduce((sum, { shape }) => sum + floatBytes(shape), 0);
  const file = path.join(folder, 'model.onnx');
  const writeModel = (weight: (proto: ProtobufWriter, tensor: WeightTensor) => void) =>
    writeDurably(file, (handle) => writeAll(handle, encodeModel(parts, weight)));
  if (total <= inlineBytes) {
    const data = new Map<string, Float32Array>();
    for (const { name } of parts.weights) data.set(name, await read(name));
    await writeModel((proto, { name }) => proto.bytes(9, rawBytes(data.get(name) ?? new Float32Array())));
    return 0;
  }
  const places = placeWeights(parts.weights, fileBytes);
  const files = Math.max(...[...places.values()].map((place) => place.file)) + 1;
  const dataName = (index: number) => `model.onnx_data${index === 0 ? '' : `_${index}`}`;
  for (let index = 0; index < files; index++) {
    await writeDurably(path.join(folder, dataName(index)), async (handle) => {
      let position = 0;
      for (const { name } of parts.weights) {
        const place = places.get(name);
        if (place?.file !== index) continue;
        await writeAll(handle, new Uint8Array(place.offset - position));
        const bytes = rawBytes(await read(name));
        await writeAll(handle, bytes);
        position = place.offset + bytes.length;
      }
    });
  }
  await writeModel((proto, { name, shape }) => {
    const { file: index, offset } = places.get(name) ?? { file: 0, offset: 0 };
    const entries = { location: dataName(index), offset: `${offset}`, length: `${floatBytes(shape)}` };
    for (const [key, value] of Object.entries(entries)) proto.message(13, (entry) => entry.string(1, key).string(2, value));
    proto.integer(14, 1);
  });
  return files;
}

function placeWeights(weights: readonly WeightTensor[], fileBytes: number): Map<string, Place> {
  const places = new Map<string, Place>();
  let [file, end] = [0, 0];
  for (const { name, shape } of weights) {
    const bytes = floatBytes(shape);
    let offset = Math.ceil(end / pageBytes) * pageBytes;
    if (end > 0 && offset + bytes > fileBytes) [file, offset] = [file + 1, 0];
    places.set(name, { file, offset });
    end = offset + bytes;
  }
  return places;
}

/** ModelProto of the ONNX specification (https://onnx.ai/onnx/repo-docs/IR.html). */
function encodeModel(parts: ModelParts, weight: (proto: ProtobufWriter, tensor: WeightTensor) => void): Uint8Array {
  const writer = new ProtobufWriter();
  writer.integer(1, irVersion).string(2, 'anneal');
  writer.message(7, (graph) => {
    parts.nodes.forEach((node, index) => graph.message(1, (proto) => writeNode(proto, node, index)));
    graph.string(2, 'decoder');
    for (const { name, data, dtype, shape } of parts.constants) {
      graph.message(5, (proto) => {
        tensorHead(proto, name, dtype, shape);
        proto.bytes(9, rawBytes(data));
      });
    }
    for (const tensor of parts.weights) {
      graph.message(5, (proto) => {
        tensorHead(proto, tensor.name, 'float32', tensor.shape);
        weight(proto, tensor);
      });
    }
    for (const tensor of parts.inputs) graph.message(11, (proto) => valueInfo(proto, tensor));
    for (const tensor of parts.outputs) graph.message(12, (proto) => valueInfo(proto, tensor));
  });
  for (const [domain, version] of opsets) writer.message(8, (proto) => proto.string(1, domain).integer(2, version));
  return writer.finish();
}

function writeNode(proto: ProtobufWriter, { type, inputs, outputs, attributes, domain }: RecordedNode, index: number): void {
  for (const input of inputs) proto.string(1, input);
  for (const output of outputs) proto.string(2, output);
  proto.string(3, `${type}_${index}`).string(4, type);
  for (const [name, attribute] of Object.entries(attributes)) proto.message(5, (inner) => writeAttribute(inner, name, attribute));
  if (domain) proto.string(7, domain);
}

function tensorHead(proto: ProtobufWriter, name: string, dtype: DataType, shape: readonly number[]): void {
  for (const size of shape) proto.integer(1, size);
  proto.integer(2, dataTypes[dtype]).string(8, name);
}

function valueInfo(proto: ProtobufWriter, { name, dtype, shape }: OpenTensor): void {
  proto.string(1, name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, dataTypes[dtype]).message(2, (dimensions) => {
        for (const size of shape)
          dimensions.message(1, (dimension) => {
            if (typeof size === 'number') dimension.integer(1, size);
            else dimension.string(2, size);
          });
      });
    }),
  );
}

const floatBytes = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 4);

const rawBytes = (data: TensorData): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
