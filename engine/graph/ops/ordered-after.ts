import type { Graph } from '../graph.ts';
import type { Value } from '../types.ts';
import { add, sub } from './arithmetic.ts';
import { slice } from './shape.ts';

/**
 * x as it is, but not before some others are there. A runtime orders a graph by what depends on what; work in pieces, of which only
 * the results are to be kept, would otherwise be done for all pieces side by side. The same holds for work that is done twice on
 * purpose: without another input it would be found to be the same. What is added is a zero that no runtime sees through.
 * x: [n, d]; others: [m, d] or [m, 1].
 */
export function orderedAfter(graph: Graph, x: Value, others: readonly Value[]): Value {
  return others.reduce((value, other) => {
    const row = slice(graph, other, 0, 0, 1);
    return add(graph, value, sub(graph, row, row));
  }, x);
}
