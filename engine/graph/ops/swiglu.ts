import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, first, given } from '../types.ts';
import { add, mul, sigmoid, sub } from './arithmetic.ts';

/** silu(gate) · up, with sigmoid(gate) and silu(gate) kept for the backward pass. */
const swiGluOp = defineOp('SwiGlu', {
  recompute: true,
  infer: ([gate]) => [given(gate), given(gate), given(gate)],
  lower: (graph, [gate, up]) => {
    const s = sigmoid(graph, given(gate));
    const silu = mul(graph, given(gate), s);
    return [mul(graph, silu, given(up)), s, silu];
  },
  gradient: (graph, { inputs: [, up], outputs: [, s, silu], grads: [g], needs }) => {
    const [sigma, active, grad] = [given(s), given(silu), given(g)];
    const gateGrad = () => {
      // d silu / d gate = σ + silu − silu · σ
      const slope = sub(graph, add(graph, sigma, active), mul(graph, active, sigma));
      return mul(graph, mul(graph, grad, given(up)), slope);
    };
    return [needs[0] ? gateGrad() : undefined, needs[1] ? mul(graph, grad, active) : undefined];
  },
});
/** The gated activation of Llama's MLP (Shazeer 2020): gate, up: [n, d] → [n, d]. */
export const swiGlu = (graph: Graph, gate: Value, up: Value): Value => first(swiGluOp(graph, [gate, up], undefined));
