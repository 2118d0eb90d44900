import { lowerGraph } from '../../graph/lower.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Constant, DataType, TensorData, Value } from '../../graph/types.ts';
import type { Attribute, OnnxEmitter } from '../../onnx/emitter.ts';

export interface RecordedNode {
  type: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
  domain: string;
}

export interface RecordedLiteral {
  name: string;
  data: TensorData;
  dtype: DataType;
  shape: readonly number[];
}

/** All that a graph would write into an ONNX model, in order. */
export interface Recording {
  nodes: readonly RecordedNode[];
  literals: readonly RecordedLiteral[];
  constants: readonly Constant[];
  weights: readonly Value[];
  /** The name inside the graph of each output. */
  outputs: Readonly<Record<string, string>>;
}

/**
 * Runs the emitters of a graph's operators. They are told that the device is WebGPU, for which they keep to ONNX's own
 * operators; ONNX Runtime fuses them again where it can.
 */
export function record(source: Graph, outputs: Readonly<Record<string, Value>>): Recording {
  const { graph, outputs: results } = lowerGraph(source, Object.values(outputs));
  const nodes: RecordedNode[] = [];
  const literals: RecordedLiteral[] = [];
  const emitter: OnnxEmitter = {
    device: 'webgpu',
    node: (type, inputs, names, attributes = {}, domain = '') => void nodes.push({ type, inputs, outputs: names, attributes, domain }),
    literal: (data, dtype, shape) => {
      const name = `literal_${literals.length}`;
      literals.push({ name, data, dtype, shape });
      return name;
    },
  };
  for (const node of graph.nodes) {
    if (!node.emit) throw new Error(`operator ${node.op} cannot be written to ONNX`);
    const names = (values: readonly Value[]) => values.map(({ name }) => name);
    node.emit(emitter, names(node.inputs), names(node.outputs), node);
  }
  const keys = Object.keys(outputs);
  return {
    nodes: onlyUsed(
      nodes,
      results.map(({ name }) => name),
    ),
    literals,
    constants: graph.constants,
    weights: graph.weights,
    outputs: Object.fromEntries(results.map(({ name }, index) => [keys[index] ?? name, name])),
  };
}

/**
 * Leaves out what nothing needs: nodes, and what a node gives beside what is used, for the backward pass. Kernels differ in
 * whether they can.
 */
function onlyUsed(nodes: readonly RecordedNode[], results: readonly string[]): RecordedNode[] {
  const used = new Set(results);
  const kept: RecordedNode[] = [];
  for (const node of [...nodes].reverse()) {
    const last = node.outputs.findLastIndex((name) => used.has(name));
    if (last < 0) continue;
    for (const input of node.inputs) used.add(input);
    kept.push({ ...node, outputs: node.outputs.slice(0, last + 1).map((name) => (used.has(name) ? name : '')) });
  }
  return kept.reverse();
}
