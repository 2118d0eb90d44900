import { GraphSession } from '../onnx/session.ts';
import { normalSource, randomSource } from '../random.ts';
import { appendGradients } from './gradient.ts';
import { Graph } from './graph.ts';
import { mul } from './ops/arithmetic.ts';
import { reduceSum } from './ops/shape.ts';
import { elements, type Value } from './types.ts';

export interface Comparison {
  /** Largest |automatic − numeric| over all elements, relative to the largest gradient of the tensor. */
  error: number;
  tensor: string;
}

/**
 * Compares the gradients of an expression with central differences, in double precision through ONNX Runtime.
 * The expression is made a scalar by a sum with random weights, so that no error can cancel.
 * @param shapes of the float inputs that gradients are taken for.
 */
export async function compareWithFiniteDifferences(
  shapes: Record<string, readonly number[]>,
  expression: (graph: Graph, inputs: Record<string, Value>) => Value,
  { seed = 1, positive = false }: { seed?: number; positive?: boolean } = {},
): Promise<Comparison> {
  const normal = normalSource(randomSource(seed));
  const graph = new Graph();
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, 'float64', shape)]));
  const result = expression(graph, inputs);
  const mixture = graph.constant(Float64Array.from({ length: elements(result.shape) }, normal), 'float64', result.shape);
  const axes = result.shape.map((_, axis) => axis);
  const scalar = axes.length > 0 ? reduceSum(graph, mul(graph, result, mixture), axes) : mul(graph, result, mixture);
  const names = Object.keys(shapes);
  const gradients = appendGradients(graph, scalar, Object.values(inputs));
  const outputs = Object.fromEntries(gradients.map((gradient, index) => [`grad:${names[index] ?? ''}`, gradient]));
  const whole = await GraphSession.compile(graph, { scalar, ...outputs }, new Map(), { threads: 1 });
  const forward = await GraphSession.compile(graph, { scalar }, new Map(), { threads: 1 });

  const data: Record<string, Float64Array> = {};
  for (const [name, shape] of Object.entries(shapes))
    data[name] = Float64Array.from({ length: elements(shape) }, () => (positive ? 0.5 + Math.abs(normal()) : normal()));
  const automatic = await whole.run(data);

  const step = 1e-5;
  let worst: Comparison = { error: 0, tensor: '' };
  for (const name of names) {
    const values = data[name] ?? new Float64Array();
    const gradient = automatic.numbers(`grad:${name}`);
    const largest = Math.max(1e-3, ...gradient.map(Math.abs));
    for (let index = 0; index < values.length; index++) {
      const value = values[index] ?? 0;
      values[index] = value + step;
      const above = (await forward.run(data)).scalar('scalar');
      values[index] = value - step;
      const below = (await forward.run(data)).scalar('scalar');
      values[index] = value;
      const error = Math.abs((above - below) / (2 * step) - (gradient[index] ?? NaN)) / largest;
      if (!(error <= worst.error)) worst = { error, tensor: `${name}[${index}]` };
    }
  }
  await whole.release();
  await forward.release();
  return worst;
}
