import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, first, given } from '../types.ts';

const detachOp = defineOp('Detach', {
  infer: ([x]) => [given(x)],
  lower: (_graph, [x]) => [given(x)],
  gradient: () => [undefined],
});
/** The same numbers, taken for constants in the backward pass. */
export const detach = (graph: Graph, x: Value): Value => first(detachOp(graph, [x], undefined));
