import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, describe, first, floatType, given, sameShape } from '../types.ts';

const keepWhereOp = defineOp('KeepWhere', {
  infer: ([mask, x]) => {
    const [kept, from] = [given(mask), given(x)];
    if (kept.dtype !== 'bool' || !sameShape(kept.shape, from.shape))
      throw new RangeError(`KeepWhere: ${describe(from)} with ${describe(kept)}`);
    return [from];
  },
  emit: (emitter, [mask = '', x = ''], outputs, _attributes, node) => {
    const dtype = floatType(given(node.inputs[1]));
    const zero = emitter.literal(dtype === 'float64' ? Float64Array.of(0) : Float32Array.of(0), dtype, []);
    emitter.node('Where', [mask, x, zero], outputs);
  },
  gradient: (graph, { inputs: [mask], grads: [grad] }) => [undefined, keepWhere(graph, given(mask), given(grad))],
});
/** x where the mask holds, 0 elsewhere. mask: bool, of the shape of x. */
export const keepWhere = (graph: Graph, mask: Value, x: Value): Value => first(keepWhereOp(graph, [mask, x], undefined));
