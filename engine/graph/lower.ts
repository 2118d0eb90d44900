import { Graph } from './graph.ts';
import type { Value } from './types.ts';

export interface LoweredGraph {
  graph: Graph;
  outputs: Value[];
}

/** The part of a graph that some outputs depend on, with every composite operator replaced by primitives. */
export function lowerGraph(source: Graph, outputs: readonly Value[]): LoweredGraph {
  const wanted = needed(source, outputs);
  const target = new Graph();
  const moved = new Map<Value, Value>();
  for (const { value, data } of source.constants) if (wanted.has(value)) moved.set(value, target.constant(data, value.dtype, value.shape));
  for (const value of source.inputs) moved.set(value, target.input(value.name, value.dtype, value.shape));
  for (const value of source.weights) if (wanted.has(value)) moved.set(value, target.weight(value.name, value.dtype, value.shape));
  const move = (value: Value): Value => {
    const found = moved.get(value);
    if (!found) throw new Error(`${value.name} is used before it is made`);
    return found;
  };

  const pass = source.nodes.filter((node) => node.outputs.some((output) => wanted.has(output)));
  for (const node of pass) {
    const inputs = node.inputs.map(move);
    const results = node.lower ? node.lower(target, inputs) : target.append({ ...node, inputs }, node.outputs);
    node.outputs.forEach((output, index) => {
      const result = results[index];
      if (result) moved.set(output, result);
    });
  }
  const result: LoweredGraph = { graph: target, outputs: outputs.map(move) };
  return target.nodes.some((node) => node.lower) ? lowerGraph(result.graph, result.outputs) : result;
}

function needed(graph: Graph, outputs: readonly Value[]): ReadonlySet<Value> {
  const wanted = new Set<Value>(outputs);
  for (const node of [...graph.nodes].reverse()) {
    if (node.outputs.some((output) => wanted.has(output))) node.inputs.forEach((input) => wanted.add(input));
  }
  return wanted;
}
