import { defineOp } from '../define-op.ts';
import type { Graph } from '../graph.ts';
import { type Value, describe, dimension, first, floatType, given } from '../types.ts';
import { add, log, maximum, mul, negate, sub } from './arithmetic.ts';
import { embedding, oneHot, pickColumn } from './indexing.ts';
import { gemm } from './matmul.ts';
import { orderedAfter } from './ordered-after.ts';
import { reduceSum, reshape, slice, concat } from './shape.ts';
import { softmax } from './softmax.ts';

interface Options {
  /** Rows whose logits exist at the same time, at most. */
  chunk: number;
  /** Whether the gradient of the head is formed too. */
  trainHead: boolean;
  /** Whether gradients are formed at all. */
  backward: boolean;
}

/**
 * Output projection and cross-entropy in one, in chunks of rows: the gradient of a chunk is formed at once, so the
 * logits of all rows never exist together. Outputs: the loss, and the gradients of x and of the head for a loss
 * gradient of one.
 */
const linearCrossEntropyOp = defineOp<Options>('LinearCrossEntropy', {
  infer: ([x, head, labels, weights], { trainHead, backward }) => {
    const [rows, table] = [given(x), given(head)];
    const fits =
      dimension(rows, 1) === dimension(table, 1) && [labels, weights].every((value) => dimension(given(value), 0) === dimension(rows, 0));
    if (!fits)
      throw new RangeError(`LinearCrossEntropy: ${describe(rows)} with head ${describe(table)}, labels ${describe(given(labels))}`);
    return [{ dtype: rows.dtype, shape: [] }, ...(backward ? [rows] : []), ...(trainHead ? [table] : [])];
  },
  lower: (graph, [x, head, labels, weights], { chunk, trainHead, backward }) => {
    const [rows, table] = [given(x), given(head)];
    const dtype = floatType(rows);
    const tiny = graph.scalar(1e-38, dtype);
    const total = dimension(rows, 0);
    let loss: Value | undefined;
    let headGrad: Value | undefined;
    const rowGrads: Value[] = [];
    const size = Math.ceil(total / Math.ceil(total / chunk));
    for (let start = 0; start < total; start += size) {
      const end = Math.min(total, start + size);
      const cut = (value: Value) => (start === 0 && end === total ? value : slice(graph, value, 0, start, end));
      const label = cut(given(labels));
      const done = [...rowGrads.slice(-1), ...(loss ? [reshape(graph, loss, [1, 1])] : []), ...(headGrad ? [headGrad] : [])];
      const part = orderedAfter(graph, cut(rows), done);
      const weight = reshape(graph, cut(given(weights)), [end - start, 1]);
      const probabilities = softmax(graph, gemm(graph, part, table, undefined, { transposeB: true }));
      const chosen = maximum(graph, pickColumn(graph, probabilities, label), tiny);
      const chunkLoss = negate(graph, reduceSum(graph, mul(graph, log(graph, chosen), weight), [0, 1]));
      loss = loss ? add(graph, loss, chunkLoss) : chunkLoss;
      if (trainHead) {
        const logitGrad = mul(graph, sub(graph, probabilities, oneHot(graph, label, dimension(table, 0), dtype)), weight);
        rowGrads.push(gemm(graph, logitGrad, table));
        headGrad = gemm(graph, logitGrad, part, headGrad, { transposeA: true });
      } else if (backward) {
        // (p − onehot) · E = p · E − E[label]: no second tensor of the size of the logits.
        rowGrads.push(mul(graph, sub(graph, gemm(graph, probabilities, table), embedding(graph, table, label)), weight));
      }
    }
    const rowGrad = rowGrads.length > 1 ? concat(graph, rowGrads, 0) : rowGrads[0];
    return [given(loss), ...(rowGrad ? [rowGrad] : []), ...(headGrad ? [headGrad] : [])];
  },
  gradient: (graph, { outputs: [, rowGrad, headGrad], grads: [g], needs }) => [
    needs[0] ? scaled(graph, given(rowGrad), given(g)) : undefined,
    needs[1] ? scaled(graph, given(headGrad), given(g)) : undefined,
  ],
});

/** The loss is nearly always the end of the graph, where its gradient is the literal one. */
function scaled(graph: Graph, grad: Value, lossGrad: Value): Value {
  const literal = graph.constants.find(({ value }) => value === lossGrad);
  return literal && literal.data[0] === 1 ? grad : mul(graph, grad, lossGrad);
}

/**
 * Σ weightᵢ · −log softmax(xᵢ headᵀ)[labelᵢ], in nats, saturating at 87 for a single row in single precision.
 * x: [t, d], head: [v, d], labels: int32 [t], weights: [t] (0 for padding; 1 / targets for a mean) → scalar.
 */
export const linearCrossEntropy = (graph: Graph, x: Value, head: Value, labels: Value, weights: Value, options: Options): Value =>
  first(linearCrossEntropyOp(graph, [x, head, labels, weights], options));
