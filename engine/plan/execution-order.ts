import type { RecordedNode } from './recorded-nodes.ts';

/**
 * The order in which ONNX Runtime executes the nodes of a graph: from the nodes whose results nobody reads, the last of
 * them first, down to what they need, of the inputs the last node first (GraphViewer's default topological sort).
 * It decides which tensors exist at the same time.
 */
export function executionOrder(nodes: readonly RecordedNode[]): number[] {
  const maker = new Map<string, number>();
  nodes.forEach(({ outputs }, index) => outputs.forEach((name) => maker.set(name, index)));
  const needs = nodes.map(({ inputs }) => [...new Set(inputs.flatMap((name) => maker.get(name) ?? []))].sort((a, b) => a - b));
  const isRead = new Set(needs.flat());
  const order: number[] = [];
  const visited = new Set<number>();
  const stack = nodes.flatMap((_, index) => (isRead.has(index) ? [] : [{ index, isLeaving: false }]));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { index, isLeaving } = top;
    if (isLeaving) {
      order.push(index);
      continue;
    }
    if (visited.has(index)) continue;
    visited.add(index);
    stack.push({ index, isLeaving: true });
    for (const need of needs[index] ?? []) if (!visited.has(need)) stack.push({ index: need, isLeaving: false });
  }
  return order;
}
