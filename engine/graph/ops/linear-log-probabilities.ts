import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, describe, dimension, first, floatType, given } from '../types.ts';
import { log, maximum, mul, sub } from './arithmetic.ts';
import { embedding, oneHot, pickColumn } from './indexing.ts';
import { gemm } from './matmul.ts';
import { orderedAfter } from './ordered-after.ts';
import { concat, reshape, slice } from './shape.ts';
import { softmax } from './softmax.ts';

interface Options {
  /** Rows whose logits exist at the same time, at most. */
  chunk: number;
  /** Whether the gradient of the head is asked for too. */
  trainHead: boolean;
  /** Whether gradients are formed at all. */
  backward: boolean;
}

/**
 * Output projection, softmax and the choice of one probability a row, in chunks of rows, so that the logits of all rows never
 * exist together. The gradient of a row is linear in that of its result, so it is formed at once for a result gradient of one
 * and scaled in the backward pass. Outputs: the log probabilities, and those unit gradients of x. The head's gradient mixes the
 * rows: where it is asked for, the probabilities are computed a second time instead.
 */
const linearLogProbabilitiesOp = defineOp<Options>('LinearLogProbabilities', {
  infer: ([x, head, labels], { backward, trainHead }) => {
    const [rows, table, ids] = [given(x), given(head), given(labels)];
    if (dimension(rows, 1) !== dimension(table, 1) || dimension(ids, 0) !== dimension(rows, 0))
      throw new RangeError(`LinearLogProbabilities: ${describe(rows)} with head ${describe(table)}, labels ${describe(ids)}`);
    return [{ dtype: rows.dtype, shape: [dimension(rows, 0)] }, ...(backward && !trainHead ? [rows] : [])];
  },
  lower: (graph, [x, head, labels], { chunk, backward, trainHead }) => {
    const [rows, table, ids] = [given(x), given(head), given(labels)];
    const tiny = graph.scalar(1e-38, floatType(rows));
    const parts: Value[][] = [];
    for (const cut of chunks(graph, chunk, dimension(rows, 0))) {
      const [part, label] = [orderedAfter(graph, cut(rows), parts.at(-1) ?? []), cut(ids)];
      const probabilities = softmax(graph, gemm(graph, part, table, undefined, { transposeB: true }));
      const logProbability = log(graph, maximum(graph, pickColumn(graph, probabilities, label), tiny));
      // (onehot − p) · E = E[label] − p · E: no second tensor of the size of the logits.
      const unit = () => sub(graph, embedding(graph, table, label), gemm(graph, probabilities, table));
      parts.push([logProbability, ...(backward && !trainHead ? [unit()] : [])]);
    }
    const joined = (index: number) =>
      join(
        graph,
        parts.map((part) => given(part[index])),
      );
    return [reshape(graph, joined(0), [dimension(rows, 0)]), ...(backward && !trainHead ? [joined(1)] : [])];
  },
  gradient: (graph, { inputs: [x, head, labels], outputs: [, unit], grads: [g], attributes: { chunk } }) => {
    const [rows, table, ids] = [given(x), given(head), given(labels)];
    const grad = reshape(graph, given(g), [dimension(rows, 0), 1]);
    if (unit) return [mul(graph, unit, grad)];
    let headGrad: Value | undefined;
    const rowGrads: Value[] = [];
    for (const cut of chunks(graph, chunk, dimension(rows, 0))) {
      const [label, weight] = [cut(ids), cut(grad)];
      const part = orderedAfter(graph, cut(rows), [weight, ...rowGrads.slice(-1), ...(headGrad ? [headGrad] : [])]);
      const probabilities = softmax(graph, gemm(graph, part, table, undefined, { transposeB: true }));
      const logitGrad = mul(graph, sub(graph, oneHot(graph, label, dimension(table, 0), floatType(rows)), probabilities), weight);
      rowGrads.push(gemm(graph, logitGrad, table));
      headGrad = gemm(graph, logitGrad, part, headGrad, { transposeA: true });
    }
    return [join(graph, rowGrads), headGrad];
  },
});

/** The same pieces, of about equal size, of tensors of as many rows. */
function chunks(graph: Graph, chunk: number, total: number): ((value: Value) => Value)[] {
  const size = Math.ceil(total / Math.ceil(total / chunk));
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => {
    const [start, end] = [index * size, Math.min(total, (index + 1) * size)];
    return (value) => (end - start === total ? value : slice(graph, value, 0, start, end));
  });
}

const join = (graph: Graph, parts: readonly Value[]): Value => (parts.length > 1 ? concat(graph, parts, 0) : first(parts));

/**
 * log softmax(xᵢ headᵀ)[labelᵢ] of each row, in nats, not below −87 in single precision.
 * x: [t, d], head: [v, d], labels: int32 [t] → [t].
 */
export const linearLogProbabilities = (graph: Graph, x: Value, head: Value, labels: Value, options: Options): Value =>
  first(linearLogProbabilitiesOp(graph, [x, head, labels], options));
