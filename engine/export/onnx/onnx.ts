import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Value } from '../../graph/types.ts';
import { rotaryTables } from '../../models/positions.ts';
import { writeText } from '../../weights/durable.ts';
import type { ExportSource } from '../source.ts';
import { angleTables, buildDecoder } from './decoder-graph.ts';
import { type OpenTensor, type WeightPlacement, writeModelFiles } from './model-file.ts';
import { record } from './record.ts';
import { type DimensionName, readExpression, standIns } from './sizes.ts';
import { makeSymbolic } from './symbolic.ts';

/** What the open dimensions are called in the model. Transformers.js looks `batch_size` up and takes all others for empty. */
const openNames: Record<DimensionName, string> = {
  batch: 'batch_size',
  length: 'sequence_length',
  past: 'past_sequence_length',
  total: 'total_sequence_length',
};

/**
 * Writes a decoder with a KV cache in the folder layout of Transformers.js (https://huggingface.co/docs/transformers.js):
 * `onnx/model.onnx` in single precision, and `config.json` that says how to load it.
 */
export async function writeOnnx(source: ExportSource, folder: string, placement: WeightPlacement): Promise<void> {
  const [first, second] = [buildDecoder(source, standIns[0]), buildDecoder(source, standIns[1])];
  const recording = record(first.graph, first.outputs);
  const symbolic = makeSymbolic([recording, record(second.graph, second.outputs)]);
  const identities = Object.entries(recording.outputs).map(([name, inner]) => ({
    type: 'Identity',
    inputs: [inner],
    outputs: [name],
    attributes: {},
    domain: '',
  }));
  const parts = {
    nodes: [...symbolic.nodes, ...identities],
    inputs: openTensors(byName(first.graph.inputs), byName(second.graph.inputs)),
    outputs: openTensors(first.outputs, second.outputs),
    constants: [...symbolic.literals, ...recording.constants.map(({ value, data }) => ({ ...value, data }))],
    weights: recording.weights,
  };
  await mkdir(path.join(folder, 'onnx'));
  const files = await writeModelFiles(path.join(folder, 'onnx'), parts, weightReader(source), placement);
  // Without a type Transformers.js would look for a quantised file where it runs on WebAssembly.
  const settings = { dtype: 'fp32', ...(files > 0 ? { use_external_data_format: { 'model.onnx': files } } : {}) };
  const config = { ...source.config.raw, 'transformers.js_config': settings };
  await writeText(path.join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

const byName = (values: readonly Value[]): Record<string, Value> => Object.fromEntries(values.map((value) => [value.name, value]));

/** The interface of the model: sizes that differ between the two graphs get names. */
function openTensors(values: Readonly<Record<string, Value>>, twins: Readonly<Record<string, Value>>): OpenTensor[] {
  return Object.entries(values).map(([name, { dtype, shape }]) => {
    const open = shape.map((size, axis) => {
      const { factor, dimensions } = readExpression([size, twins[name]?.shape[axis] ?? NaN]);
      const [dimension] = dimensions;
      return dimension === undefined ? factor : openNames[dimension];
    });
    return { name, dtype, shape: open };
  });
}

/** The model's weights, and the tables of rotary angles up to its last position. */
function weightReader({ config, read }: ExportSource): (name: string) => Promise<Float32Array> {
  return async (name) => {
    if (name !== angleTables.cos && name !== angleTables.sin) return read(name);
    const tables = rotaryTables(config, [...Array(config.maxPositions).keys()], config.maxPositions);
    return Float32Array.from(name === angleTables.cos ? tables.cos : tables.sin);
  };
}
