import type { Contribution, Graph, Node } from './graph.ts';
import { add } from './ops/arithmetic.ts';
import { type Value, describe, floatType, sameShape } from './types.ts';

/**
 * Appends the backward pass to a graph: the gradients of a scalar with respect to some of its inputs or weights
 * (reverse-mode automatic differentiation, Linnainmaa 1970). Nothing is computed for values on which no asked-for
 * tensor depends, so the pass stops below the first trainable tensor.
 * @returns for each of `wanted` its gradient, of the same shape.
 * @throws Error when the scalar does not depend on a wanted value, or an operator on the way has no gradient.
 */
export function appendGradients(graph: Graph, scalar: Value, wanted: readonly Value[]): Value[] {
  if (scalar.shape.length > 0) throw new RangeError(`the gradient is taken of a scalar, not of ${describe(scalar)}`);
  const needed = new Set<Value>(wanted);
  const forward = [...graph.nodes];
  for (const node of forward) if (node.inputs.some((input) => needed.has(input))) node.outputs.forEach((output) => needed.add(output));

  const sums = new Map<Value, Value>();
  sums.set(scalar, graph.scalar(1, floatType(scalar)));

  const again = recomputation(graph, forward);
  for (const node of forward.reverse()) {
    const grads = node.outputs.map((output) => sums.get(output));
    if (grads.every((grad) => grad === undefined)) continue;
    const needs = node.inputs.map((input) => needed.has(input));
    if (!needs.includes(true)) continue;
    if (!node.gradient) throw new Error(`operator ${node.op} has no gradient`);
    const [inputs, outputs] = [node.inputs.map(again), node.outputs.map(again)];
    const contributions = node.gradient(graph, { inputs, outputs, grads, needs });
    node.inputs.forEach((input, index) => {
      const contribution = contributions[index];
      if (needs[index] && contribution !== undefined) sums.set(input, accumulate(graph, sums.get(input), contribution, input));
    });
  }

  return wanted.map((value) => {
    const grad = sums.get(value);
    if (!grad) throw new Error(`the loss does not depend on ${value.name}`);
    return grad;
  });
}

/**
 * Where the backward pass takes a value of the forward pass from: the value itself, or a second computation of it, once, from what is
 * kept. A runtime that merges equal computations would undo this.
 */
function recomputation(graph: Graph, forward: readonly Node[]): (value: Value) => Value {
  const makers = new Map(forward.flatMap((node) => (node.recompute ? node.outputs.map((output) => [output, node] as const) : [])));
  const remade = new Map<Value, Value>();
  const again = (value: Value): Value => {
    const node = makers.get(value);
    if (!node) return value;
    if (!remade.has(value)) {
      const outputs = graph.append({ ...node, inputs: node.inputs.map(again) }, node.outputs);
      node.outputs.forEach((output, index) => remade.set(output, outputs[index] ?? output));
    }
    return remade.get(value) ?? value;
  };
  return again;
}

function accumulate(graph: Graph, sum: Value | undefined, contribution: Contribution, input: Value): Value {
  const total = typeof contribution === 'function' ? contribution(sum) : sum ? add(graph, sum, contribution) : contribution;
  if (!sameShape(total.shape, input.shape)) throw new Error(`gradient ${describe(total)} of ${input.name} ${describe(input)}`);
  return total;
}
