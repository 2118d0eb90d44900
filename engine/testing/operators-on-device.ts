// node --import tsx engine/testing/operators-on-device.ts <device>
// Computes every operator and its gradient there and on the CPU, and prints the relative difference of each as JSON.
import { appendGradients } from '../graph/gradient.ts';
import { Graph } from '../graph/graph.ts';
import { mul } from '../graph/ops/arithmetic.ts';
import { differentiableCases, forwardCases, type OperatorCase } from '../graph/ops/operator-cases.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import { elements, type Value } from '../graph/types.ts';
import { type Device, isDevice } from '../hardware/device.ts';
import { GraphSession } from '../onnx/session.ts';
import { randomSource } from '../random.ts';

/** What the operator gives, and with it the gradients of a weighted sum of that. */
async function compute({ shapes, positive, build }: OperatorCase, isDifferentiable: boolean, device: Device): Promise<number[][]> {
  const random = randomSource(7);
  const numbers = (shape: readonly number[]) =>
    Float32Array.from({ length: elements(shape) }, () => (positive ? random() + 0.5 : 2 * random() - 1));
  const graph = new Graph();
  const weights = new Map(Object.entries(shapes).map(([name, shape]) => [name, numbers(shape)]));
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graph.weight(name, 'float32', shape)]));
  const y = build(graph, inputs);
  const outputs: Record<string, Value> = { y };
  if (isDifferentiable) {
    const weighted = mul(graph, y, graph.constant(numbers(y.shape), 'float32', y.shape));
    const sum = y.shape.length > 0 ? reduceSum(graph, weighted, [...y.shape.keys()]) : weighted;
    appendGradients(graph, sum, Object.values(inputs)).forEach((gradient, index) => (outputs[`gradient ${index}`] = gradient));
  }
  const session = await GraphSession.compile(graph, outputs, weights, { device, threads: 1 });
  const results = await session.run({});
  await session.release();
  return Object.keys(outputs).map((name) => [...results.numbers(name)]);
}

function relativeError(expected: readonly number[], found: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs), 1e-6);
  return Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? Infinity)))) / largest;
}

const device = process.argv[2] ?? '';
if (!isDevice(device)) throw new Error(`there is no device ${device}`);
const differences: Record<string, number> = {};
for (const [cases, isDifferentiable] of [[differentiableCases, true] as const, [forwardCases, false] as const]) {
  for (const one of cases) {
    const expected = await compute(one, isDifferentiable, 'cpu');
    const found = await compute(one, isDifferentiable, device);
    differences[`${one.op} ${one.name}`] = Math.max(...expected.map((tensor, index) => relativeError(tensor, found[index] ?? [])));
  }
}
console.log(JSON.stringify(differences));
