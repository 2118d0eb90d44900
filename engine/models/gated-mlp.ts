import { mul } from '../graph/ops/arithmetic.ts';
import { gelu } from '../graph/ops/gelu.ts';
import { swiGlu } from '../graph/ops/swiglu.ts';
import { given, type Value } from '../graph/types.ts';
import type { ForwardContext } from './family.ts';

/** down(activation(gate(x)) · up(x)) (Shazeer 2020), in the names of Hugging Face's `mlp`. x: [n, hidden] → [n, hidden]. */
export function gatedMlp(context: ForwardContext, x: Value, name: string, activation: 'silu' | 'gelu'): Value {
  const { graph } = context;
  const [gate, up] = context.linears(x, [`${name}.gate_proj`, `${name}.up_proj`]);
  const inner = activation === 'silu' ? swiGlu(graph, given(gate), given(up)) : mul(graph, gelu(graph, given(gate)), given(up));
  return context.linear(inner, `${name}.down_proj`);
}
