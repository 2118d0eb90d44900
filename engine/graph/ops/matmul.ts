import { defineOp } from '../define-op.ts';
import type { Contribution, Graph } from '../graph.ts';
import type { Device } from '../../hardware/device.ts';
import { float, int, ints } from '../../onnx/emitter.ts';
import { type Value, describe, dimension, first, floatType, given, sameShape } from '../types.ts';
import { reshape } from './shape.ts';

export interface MatMulOptions {
  /** Takes the last two axes of a, or b, the other way round. */
  transposeA?: boolean;
  transposeB?: boolean;
  /** Factor of the product. */
  alpha?: number;
}

/** Elsewhere the operands would travel to the CPU and back. */
const hasFusedMatMul: ReadonlySet<Device> = new Set<Device>(['cpu', 'cuda', 'directml']);

const matMulOp = defineOp<Required<MatMulOptions>>('MatMul', {
  infer: ([a, b], { transposeA, transposeB }) => {
    const [left, right] = [given(a), given(b)];
    const rows = dimension(left, transposeA ? -1 : -2);
    const columns = dimension(right, transposeB ? -2 : -1);
    const fits =
      left.dtype === right.dtype &&
      dimension(left, transposeA ? -2 : -1) === dimension(right, transposeB ? -1 : -2) &&
      sameShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
    if (!fits) throw new RangeError(`MatMul: ${describe(left)}${transposeA ? 'ᵀ' : ''} and ${describe(right)}${transposeB ? 'ᵀ' : ''}`);
    return [{ dtype: left.dtype, shape: [...left.shape.slice(0, -2), rows, columns] }];
  },
  emit: (emitter, [a = '', b = ''], outputs, { transposeA, transposeB, alpha }, node) => {
    const left = first(node.inputs);
    const dtype = floatType(left);
    if (dtype === 'float32' && hasFusedMatMul.has(emitter.device)) {
      emitter.node(
        'FusedMatMul',
        [a, b],
        outputs,
        { transA: int(transposeA ? 1 : 0), transB: int(transposeB ? 1 : 0), alpha: float(alpha) },
        'com.microsoft',
      );
      return;
    }
    const rank = left.shape.length;
    const swapped = ints([...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2]);
    const [out = ''] = outputs;
    const turn = (name: string, side: string) => (
      emitter.node('Transpose', [name], [`${out}_${side}`], { perm: swapped }),
      `${out}_${side}`
    );
    emitter.node('MatMul', [transposeA ? turn(a, 'a') : a, transposeB ? turn(b, 'b') : b], [`${out}_product`]);
    const factor = emitter.literal(dtype === 'float64' ? Float64Array.of(alpha) : Float32Array.of(alpha), dtype, []);
    emitter.node('Mul', [`${out}_product`, factor], outputs);
  },
  gradient: (graph, { inputs: [a, b], grads: [g], needs, attributes: { transposeA, transposeB, alpha } }) => {
    const [left, right, grad] = [given(a), given(b), given(g)];
    const leftGrad = () =>
      transposeA
        ? matMul(graph, right, grad, { transposeA: transposeB, transposeB: true, alpha })
        : matMul(graph, grad, right, { transposeB: !transposeB, alpha });
    const rightGrad = () =>
      transposeB
        ? matMul(graph, grad, left, { transposeA: true, transposeB: transposeA, alpha })
        : matMul(graph, left, grad, { transposeA: !transposeA, alpha });
    return [needs[0] ? leftGrad() : undefined, needs[1] ? rightGrad() : undefined];
  },
});
/** alpha · a · b over the last two axes; the axes before them must be equal. a: [..., m, k], b: [..., k, n] → [..., m, n]. */
export const matMul = (
  graph: Graph,
  a: Value,
  b: Value,
  { transposeA = false, transposeB = false, alpha = 1 }: MatMulOptions = {},
): Value => first(matMulOp(graph, [a, b], { transposeA, transposeB, alpha }));

const gemmOp = defineOp<Required<MatMulOptions>>('Gemm', {
  infer: ([a, b, c], { transposeA, transposeB }) => {
    const [left, right] = [given(a), given(b)];
    if (left.shape.length !== 2 || right.shape.length !== 2)
      throw new RangeError(`Gemm: ${describe(left)} and ${describe(right)} are not matrices`);
    const shape = [dimension(left, transposeA ? 1 : 0), dimension(right, transposeB ? 0 : 1)];
    const fits = dimension(left, transposeA ? 0 : 1) === dimension(right, transposeB ? 1 : 0);
    if (!fits) throw new RangeError(`Gemm: ${describe(left)}${transposeA ? 'ᵀ' : ''} and ${describe(right)}${transposeB ? 'ᵀ' : ''}`);
    if (c && !sameShape(c.shape, shape) && !sameShape(c.shape, shape.slice(1)))
      throw new RangeError(`Gemm: ${describe(c)} cannot be added to [${shape.join(', ')}]`);
    return [{ dtype: left.dtype, shape }];
  },
  emit: (emitter, inputs, outputs, { transposeA, transposeB, alpha }) =>
    emitter.node('Gemm', inputs, outputs, { transA: int(transposeA ? 1 : 0), transB: int(transposeB ? 1 : 0), alpha: float(alpha) }),
  gradient: (graph, { inputs: [a, b, c], grads: [g], needs, attributes: { transposeA, transposeB, alpha } }) => {
    const [left, right, grad] = [given(a), given(b), given(g)];
    const leftGrad: Contribution = (sum) =>
      transposeA
        ? gemm(graph, right, grad, sum, { transposeA: transposeB, transposeB: true, alpha })
        : gemm(graph, grad, right, sum, { transposeB: !transposeB, alpha });
    const rightGrad: Contribution = (sum) =>
      transposeB
        ? gemm(graph, grad, left, sum, { transposeA: true, transposeB: transposeA, alpha })
        : gemm(graph, left, grad, sum, { transposeA: !transposeA, alpha });
    const addedGrad = (): Value => {
      if (sameShape(given(c).shape, grad.shape)) return grad;
      const ones = graph.filled(1, floatType(grad), [1, dimension(grad, 0)]);
      return reshape(graph, gemm(graph, ones, grad), given(c).shape);
    };
    return [needs[0] ? leftGrad : undefined, needs[1] ? rightGrad : undefined, needs[2] ? addedGrad() : undefined];
  },
});
/**
 * alpha · a · b + c for matrices. a: [m, k], b: [k, n], c: [m, n], or [n] for a bias added to every row.
 * With `transposeB` it is a linear layer on a weight stored [out, in].
 */
export const gemm = (
  graph: Graph,
  a: Value,
  b: Value,
  c?: Value,
  { transposeA = false, transposeB = false, alpha = 1 }: MatMulOptions = {},
): Value => first(gemmOp(graph, c ? [a, b, c] : [a, b], { transposeA, transposeB, alpha }));
