import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, first, given } from '../types.ts';
import { div, exponential, log, maximum, sub } from './arithmetic.ts';

/** 1 − p is taken for at least this much: a text that the model is sure of has large odds, not infinite ones. */
const leastDoubt = 1e-6;

/** 1 − eˣ is kept for the backward pass. */
const logOddsOp = defineOp('LogOdds', {
  infer: ([x]) => [given(x), given(x)],
  lower: (graph, [x]) => {
    const value = given(x);
    const rest = sub(graph, graph.scalar(1, value.dtype), exponential(graph, value));
    const doubt = maximum(graph, rest, graph.scalar(leastDoubt, value.dtype));
    return [sub(graph, value, log(graph, doubt)), doubt];
  },
  // d (x − log(1 − eˣ)) / dx = 1 + eˣ / (1 − eˣ) = 1 / (1 − eˣ)
  gradient: (graph, { outputs: [, doubt], grads: [grad] }) => [div(graph, given(grad), given(doubt))],
});
/** log(p / (1 − p)) of probabilities that are given as x = log p. */
export const logOdds = (graph: Graph, x: Value): Value => first(logOddsOp(graph, [x], undefined));
