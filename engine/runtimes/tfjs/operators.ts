import { z } from 'zod';
import { nf4Block, nf4Levels } from '../../graph/ops/stored-weights.ts';
import type { Tensor, TensorFlow } from './tensorflow.ts';

/** Computes the outputs of a node from its inputs. What it makes on the way is freed by the caller. */
export type Kernel = (inputs: readonly Tensor[]) => Tensor | readonly Tensor[];

/** How an operator is computed: its kernel for given attributes. */
export type Rule = (tf: TensorFlow, attributes: unknown) => Kernel;

function rule<S extends z.ZodType>(
  schema: S,
  compute: (tf: TensorFlow, attributes: z.output<S>, ...inputs: Tensor[]) => Tensor | readonly Tensor[],
): Rule {
  return (tf, attributes) => {
    const parsed = schema.parse(attributes);
    return (inputs) => compute(tf, parsed, ...inputs);
  };
}

const none = z.unknown();
const index = z.int().min(0);
const sizes = z.array(index);
const product = z.object({ transposeA: z.boolean(), transposeB: z.boolean(), alpha: z.number() });

const scaled = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : x.mul(factor));

/** Coordinates of elements. rows, columns: int32, n elements each → [n, 2]. */
const places = (tf: TensorFlow, rows: Tensor, columns: Tensor): Tensor => tf.stack([rows.flatten(), columns.flatten()], 1);

const counting = (tf: TensorFlow, count: number): Tensor => tf.range(0, count, 1, 'int32');

/** The meaning of each primitive operator of the graph, by its name. Composite ones are lowered before. */
export const rules: Readonly<Record<string, Rule>> = {
  Add: rule(none, (tf, _, a, b) => tf.add(a, b)),
  Sub: rule(none, (tf, _, a, b) => tf.sub(a, b)),
  Mul: rule(none, (tf, _, a, b) => tf.mul(a, b)),
  Div: rule(none, (tf, _, a, b) => tf.div(a, b)),
  Max: rule(none, (tf, _, a, b) => tf.maximum(a, b)),
  Min: rule(none, (tf, _, a, b) => tf.minimum(a, b)),
  Neg: rule(none, (tf, _, x) => tf.neg(x)),
  Log: rule(none, (tf, _, x) => tf.log(x)),
  Exp: rule(none, (tf, _, x) => tf.exp(x)),
  Sqrt: rule(none, (tf, _, x) => tf.sqrt(x)),
  Sigmoid: rule(none, (tf, _, x) => tf.sigmoid(x)),
  Cos: rule(none, (tf, _, x) => tf.cos(x)),
  Sin: rule(none, (tf, _, x) => tf.sin(x)),
  ToFloat: rule(z.object({ dtype: z.literal('float32') }), (tf, { dtype }, x) => tf.cast(x, dtype)),
  KeepWhere: rule(none, (tf, _, mask, x) => tf.where(mask, x, tf.zerosLike(x))),

  FromHalf: rule(none, (tf, _, x) => tf.clone(x)),
  FromInt8: rule(z.object({ axis: index }), (tf, { axis }, codes, scale) =>
    tf.mul(tf.cast(codes, 'float32'), tf.reshape(scale, axis === 0 ? [-1, 1] : [1, -1])),
  ),
  FromNf4: rule(z.object({ shape: sizes }), (tf, { shape }, codes, scale, table) =>
    tf.reshape(tf.mul(tf.reshape(tf.gather(table, codes), [-1, nf4Block]), tf.reshape(scale, [-1, 1])), shape),
  ),
  Nf4ToInt8: rule(z.object({ shape: sizes }), (tf, { shape }, codes, scale, table) =>
    tf.cast(tf.round(tf.reshape(tf.mul(tf.reshape(tf.gather(table, codes), [-1, nf4Block]), tf.reshape(scale, [-1, 1])), shape)), 'int32'),
  ),
  Nf4MatMul: rule(z.object({ inputs: index, outputs: index }), (tf, { inputs, outputs }, x, bytes, scale) => {
    const high = tf.floorDiv(bytes, tf.scalar(16, 'int32'));
    const low = tf.sub(bytes, tf.mul(high, tf.scalar(16, 'int32')));
    const levels = tf.gather(tf.tensor1d([...nf4Levels]), tf.stack([high, low], 1).flatten());
    const weight = tf.mul(tf.reshape(levels, [-1, nf4Block]), tf.reshape(scale, [-1, 1]));
    return tf.matMul(x, tf.reshape(weight, [outputs, inputs]), false, true);
  }),
  QuantizeRows: rule(none, (tf, _, x) => {
    const scale = tf.div(tf.maximum(tf.max(tf.abs(x), 1, true), 1e-30), 127);
    return [tf.cast(tf.add(tf.round(tf.div(x, scale)), 128), 'int32'), scale];
  }),
  IntegerMatMul: rule(none, (tf, _, codes, rowScale, weight, columnScale) => {
    const product = tf.matMul(tf.sub(tf.cast(codes, 'float32'), 128), tf.cast(weight, 'float32'));
    return tf.mul(tf.mul(product, columnScale), rowScale);
  }),

  Reshape: rule(z.object({ shape: sizes }), (tf, { shape }, x) => tf.reshape(x, shape)),
  Transpose: rule(z.object({ order: sizes }), (tf, { order }, x) => tf.transpose(x, order)),
  Concat: rule(z.object({ axis: index }), (tf, { axis }, ...parts) => tf.concat(parts, axis)),
  Slice: rule(z.object({ axis: index, start: index, end: index }), (tf, { axis, start, end }, x) =>
    tf.slice(
      x,
      x.shape.map((_, at) => (at === axis ? start : 0)),
      x.shape.map((size, at) => (at === axis ? end - start : size)),
    ),
  ),
  Split: rule(z.object({ axis: index, sizes }), (tf, attributes, x) => tf.split(x, attributes.sizes, attributes.axis)),
  ReduceSum: rule(z.object({ axes: sizes, keep: z.boolean() }), (tf, { axes, keep }, x) => tf.sum(x, axes, keep)),
  Expand: rule(z.object({ shape: sizes }), (tf, { shape }, x) => tf.broadcastTo(x, shape)),

  Softmax: rule(none, (tf, _, x) => tf.softmax(x)),
  RmsNorm: rule(z.object({ epsilon: z.number() }), (tf, { epsilon }, x, w) => {
    const inverse = tf.rsqrt(tf.mean(tf.square(x), -1, true).add(epsilon));
    return [x.mul(inverse).mul(w), inverse];
  }),
  LayerNorm: rule(z.object({ epsilon: z.number() }), (tf, { epsilon }, x, w, b) => {
    const { mean, variance } = tf.moments(x, -1, true);
    const inverse = tf.rsqrt(variance.add(epsilon));
    return [x.sub(mean).mul(inverse).mul(w).add(b), mean, inverse];
  }),

  MatMul: rule(product, (tf, { transposeA, transposeB, alpha }, a, b) => scaled(tf.matMul(a, b, transposeA, transposeB), alpha)),
  Gemm: rule(product, (tf, { transposeA, transposeB, alpha }, a, b, c?: Tensor) => {
    const result = scaled(tf.matMul(a, b, transposeA, transposeB), alpha);
    return c ? result.add(c) : result;
  }),

  Embedding: rule(none, (tf, _, table, ids) => tf.gather(table, ids)),
  PickColumn: rule(none, (tf, _, x, columns) => {
    const count = columns.size;
    return tf.gatherND(x, places(tf, counting(tf, count), columns)).reshape([count, 1]);
  }),
  OneHot: rule(z.object({ width: index, dtype: z.literal('float32') }), (tf, { width, dtype }, ids) => tf.oneHot(ids, width).cast(dtype)),
  /** into[indices[i, j], j] += added[i, j] */
  ScatterElements: rule(none, (tf, _, into, indices, added) => {
    const columns = tf.broadcastTo(counting(tf, into.size / into.shape[0]), indices.shape);
    return into.add(tf.scatterND(places(tf, indices, columns), added.flatten(), into.shape));
  }),
};
