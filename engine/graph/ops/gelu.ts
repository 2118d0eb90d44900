import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, first, given } from '../types.ts';
import { add, mul, scale, sigmoid, sub } from './arithmetic.ts';

/** 2 · √(2 / π), and the same times the cubic term's 0.044715. */
const linear = 2 * Math.sqrt(2 / Math.PI);
const cubic = linear * 0.044715;

/** x · σ(v) with v = x · (linear + cubic · x²), since ½ · (1 + tanh u) = σ(2u); σ(v) is kept for the backward pass. */
const geluOp = defineOp('Gelu', {
  infer: ([x]) => [given(x), given(x)],
  lower: (graph, [x]) => {
    const value = given(x);
    const slope = add(graph, scale(graph, mul(graph, value, value), cubic), graph.scalar(linear, value.dtype));
    const gate = sigmoid(graph, mul(graph, value, slope));
    return [mul(graph, value, gate), gate];
  },
  gradient: (graph, { inputs: [x], outputs: [y, s], grads: [g] }) => {
    const [value, gate] = [given(x), given(s)];
    // dy / dx = σ + x · σ · (1 − σ) · v′ = σ + y · (1 − σ) · v′
    const slope = add(graph, scale(graph, mul(graph, value, value), 3 * cubic), graph.scalar(linear, value.dtype));
    const rest = mul(graph, given(y), sub(graph, graph.scalar(1, value.dtype), gate));
    return [mul(graph, given(g), add(graph, gate, mul(graph, rest, slope)))];
  },
});
/** The Gaussian error linear unit in its tanh form (Hendrycks & Gimpel 2016): ½ x (1 + tanh(√(2 / π) (x + 0.044715 x³))). */
export const gelu = (graph: Graph, x: Value): Value => first(geluOp(graph, [x], undefined));
