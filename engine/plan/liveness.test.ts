import { describe, expect, it } from 'vitest';
import { executionOrder } from './execution-order.ts';
import { liveness } from './liveness.ts';
import type { RecordedGraph, RecordedNode } from './recorded-nodes.ts';

type Written = readonly [type: string, inputs: string, outputs: string];

/** Tensors of 10 bytes each, but for those named with another size. */
function graphOf(nodes: readonly Written[], sizes: Record<string, number> = {}): RecordedGraph {
  const list = nodes.map(([type, inputs, outputs]): RecordedNode => ({ type, inputs: inputs.split(' '), outputs: outputs.split(' ') }));
  const names = new Set(list.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const made = new Set(list.flatMap(({ outputs }) => outputs));
  return {
    nodes: list,
    bytes: new Map([...names].map((name) => [name, sizes[name] ?? 10])),
    given: new Set([...names].filter((name) => !made.has(name))),
  };
}

const peakOf = (graph: RecordedGraph, outputs: string, brought = '') =>
  liveness(graph, new Set(outputs.split(' ')), new Set(brought.split(' '))).peak;

describe('memory while a graph is executed', () => {
  it('holds what a node reads and makes, and no more', () => {
    const chain = graphOf([
      ['Gemm', 'x w', 'a'],
      ['Gemm', 'a w', 'b'],
      ['Gemm', 'b w', 'c'],
    ]);
    expect(peakOf(chain, 'c')).toBe(20);
  });

  it('holds what a later node reads, at its largest', () => {
    const backward = graphOf(
      [
        ['Gemm', 'x w', 'a'],
        ['Gemm', 'a w', 'wide'],
        ['Gemm', 'wide w', 'c'],
        ['Gemm', 'c a', 'y'],
      ],
      { wide: 100 },
    );
    const { peak, atPeak } = liveness(backward, new Set(['y']), new Set());
    expect(peak).toBe(120);
    expect([...atPeak.keys()].sort()).toEqual(['a', 'c', 'wide']);
  });

  it('writes in place where nobody reads the input again, and only there', () => {
    const once = graphOf([
      ['Gemm', 'x w', 'a'],
      ['Sigmoid', 'a', 'b'],
      ['Mul', 'b x', 'c'],
    ]);
    expect(peakOf(once, 'c')).toBe(10);
    const twice = graphOf([
      ['Gemm', 'x w', 'a'],
      ['Sigmoid', 'a', 'b'],
      ['Mul', 'a b', 'c'],
    ]);
    expect(peakOf(twice, 'c')).toBe(20);
  });

  it('does not write over what the caller gave', () => {
    expect(peakOf(graphOf([['Neg', 'x', 'a']]), 'a')).toBe(10);
  });

  it('counts a view once, for as long as either is read', () => {
    const viewed = graphOf([
      ['Gemm', 'x w', 'a'],
      ['Reshape', 'a s', 'flat'],
      ['Gemm', 'flat w', 'b'],
      ['Gemm', 'b flat', 'c'],
    ]);
    expect(peakOf(viewed, 'c')).toBe(30);
  });

  it('leaves out results that the caller brings a buffer for', () => {
    const graph = graphOf([
      ['Gemm', 'x w', 'a'],
      ['Gemm', 'a w', 'grad'],
    ]);
    expect(peakOf(graph, 'grad')).toBe(20);
    expect(peakOf(graph, 'grad', 'grad')).toBe(10);
  });
});

it('nodes are executed depth first, from the last one that nobody reads', () => {
  const { nodes } = graphOf([
    ['A', 'x', 'a'],
    ['B', 'a', 'b'],
    ['C', 'a', 'c'],
    ['D', 'x', 'd'],
    ['E', 'd b', 'e'],
  ]);
  // E is read by nobody and stands last: D before B, for it stands behind it.
  expect(executionOrder(nodes).map((index) => nodes[index]?.type)).toEqual(['D', 'A', 'B', 'E', 'C']);
});
