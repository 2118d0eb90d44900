import { executionOrder } from './execution-order.ts';
import type { RecordedGraph } from './recorded-nodes.ts';

/** Results that are another view of their first input. */
const views: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Flatten']);
/** Kernels of ONNX Runtime that may write over an input that nobody reads any more. */
const inPlace: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sigmoid', 'Tanh', 'Erf', 'Softplus', 'Softmax', 'Cast'],
  'ScatterElements',
]);

export interface Liveness {
  /** Largest sum of tensors that exist at the same time, bytes. Inputs, weights and literals do not count. */
  peak: number;
  /** The tensors of that moment, by name. */
  atPeak: ReadonlyMap<string, number>;
}

/**
 * Memory that the results of a graph take while it is executed, as ONNX Runtime plans it: a result gets a buffer when its
 * node runs, which is given back after its last reader; views share a buffer, and some kernels write in place.
 * @param outputs tensors that are there until the end, and take memory only where the caller brings no buffer
 * @param brought outputs that the caller brings buffers for
 */
export function liveness(graph: RecordedGraph, outputs: ReadonlySet<string>, brought: ReadonlySet<string>): Liveness {
  const order = executionOrder(graph.nodes);
  const reads = new Map<string, number>();
  for (const { inputs } of graph.nodes) for (const name of inputs) reads.set(name, (reads.get(name) ?? 0) + 1);
  /** The buffer that a tensor lies in, by the name of its first tensor. */
  const bufferOf = new Map<string, string>();
  /** Tensors in a buffer that will be read again, or are outputs. */
  const users = new Map<string, number>();
  const alive = new Map<string, number>();
  let [now, peak] = [0, 0];
  let atPeak = new Map<string, number>();

  const pending = (name: string) => (reads.get(name) ?? 0) + (outputs.has(name) ? 1 : 0);
  for (const index of order) {
    const node = graph.nodes[index];
    if (!node) continue;
    const [firstInput = ''] = node.inputs;
    node.outputs.forEach((output, place) => {
      const size = graph.bytes.get(output) ?? 0;
      const shared = place === 0 ? reuse(node.type, node.inputs, size, firstInput) : undefined;
      const buffer = shared ?? output;
      bufferOf.set(output, buffer);
      users.set(buffer, (users.get(buffer) ?? 0) + (pending(output) > 0 ? 1 : 0));
      if (shared === undefined && !brought.has(output)) {
        alive.set(output, size);
        now += size;
      }
    });
    if (now > peak) {
      peak = now;
      atPeak = new Map(alive);
    }
    for (const name of new Set(node.inputs)) {
      const uses = node.inputs.filter((input) => input === name).length;
      reads.set(name, (reads.get(name) ?? 0) - uses);
      if (pending(name) === 0) leave(bufferOf.get(name));
    }
    for (const output of node.outputs) if (pending(output) === 0) drop(bufferOf.get(output));
  }
  return { peak, atPeak };

  /** The buffer that a node's first result shares with an input. */
  function reuse(type: string, inputs: readonly string[], size: number, firstInput: string): string | undefined {
    if (views.has(type)) return bufferOf.get(firstInput);
    if (!inPlace.has(type)) return undefined;
    for (const name of inputs.slice(0, 2)) {
      const buffer = bufferOf.get(name);
      const isLast = pending(name) === inputs.filter((input) => input === name).length && users.get(buffer ?? '') === 1;
      if (buffer && isLast && graph.bytes.get(name) === size && !brought.has(buffer)) return buffer;
    }
    return undefined;
  }

  function leave(buffer: string | undefined): void {
    if (buffer === undefined) return;
    users.set(buffer, (users.get(buffer) ?? 0) - 1);
    drop(buffer);
  }

  function drop(buffer: string | undefined): void {
    if (buffer === undefined || (users.get(buffer) ?? 0) > 0) return;
    now -= alive.get(buffer) ?? 0;
    alive.delete(buffer);
  }
}
