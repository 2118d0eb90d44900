import { describe, expect, it } from 'vitest';
import { operatorNames } from '../graph/define-op.ts';
import { appendGradients } from '../graph/gradient.ts';
import { Graph } from '../graph/graph.ts';
import { lowerGraph } from '../graph/lower.ts';
import { mul } from '../graph/ops/arithmetic.ts';
import { differentiableCases, forwardCases, type OperatorCase } from '../graph/ops/operator-cases.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import { elements, type Value } from '../graph/types.ts';
import { goldenAdapter, goldenCases, goldenFolder, readGolden, toMicroBatch } from '../golden/cases.ts';
import { loadModel } from '../models/load.ts';
import { normalSource, randomSource } from '../random.ts';
import { Trainer } from '../training/trainer.ts';
import { runtimeNames } from './runtime.ts';
import { chooseRuntime } from './runtimes.ts';
import { rules } from './tfjs/operators.ts';

const request = { device: 'cpu', threads: 1 } as const;
/** Largest difference of two runtimes in single precision, relative to the largest element of a tensor. */
const tolerance = 1e-4;

function expectAgreement(expected: ArrayLike<number>, found: ArrayLike<number>, what: string): void {
  const largest = Math.max(...Array.from(expected, Math.abs));
  expect(Number.isFinite(largest), what).toBe(true);
  expect(found.length, what).toBe(expected.length);
  const error = Math.max(...Array.from(expected, (value, index) => Math.abs(value - (found[index] ?? NaN))));
  expect(error, what).toBeLessThanOrEqual(tolerance * largest);
}

/** An operator with the gradients of a random mixture of its results. */
function caseGraph({ shapes, build }: OperatorCase, differentiable: boolean, normal: () => number) {
  const graph = new Graph();
  const inputs = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graph.input(name, 'float32', shape)]));
  const result = build(graph, inputs);
  const outputs: Record<string, Value> = { result };
  if (differentiable) {
    const mixture = graph.constant(Float32Array.from({ length: elements(result.shape) }, normal), 'float32', result.shape);
    const mixed = mul(graph, result, mixture);
    const scalar = result.shape.length > 0 ? reduceSum(graph, mixed, [...result.shape.keys()]) : mixed;
    const gradients = appendGradients(graph, scalar, Object.values(inputs));
    for (const [index, name] of Object.keys(inputs).entries()) {
      const gradient = gradients[index];
      if (gradient) outputs[`gradient of ${name}`] = gradient;
    }
  }
  return { graph, outputs };
}

const cases = [
  ...differentiableCases.map((one) => ({ ...one, one, differentiable: true })),
  ...forwardCases.map((one) => ({ ...one, one, differentiable: false })),
];

describe('every operator in both runtimes', () => {
  const computed = new Set<string>();
  const primitives = new Set<string>();

  it.each(cases)('$op $name', async ({ one, differentiable }) => {
    const normal = normalSource(randomSource(1));
    const { graph, outputs } = caseGraph(one, differentiable, normal);
    const feeds = Object.fromEntries(
      Object.entries(one.shapes).map(([name, shape]) => [
        name,
        Float32Array.from({ length: elements(shape) }, () => (one.positive ? 0.5 + Math.abs(normal()) : normal())),
      ]),
    );
    const results = await Promise.all(
      runtimeNames.map(async (name) => {
        const { runtime } = await chooseRuntime(name, request);
        const compiled = await runtime.compile(graph, outputs, new Map(), { threads: 1 });
        const result = await compiled.run(feeds);
        await compiled.release();
        return result;
      }),
    );
    const [expected, ...others] = results;
    for (const name of Object.keys(outputs))
      for (const other of others) expectAgreement(expected?.numbers(name) ?? [], other.numbers(name), name);
    for (const { op } of graph.nodes) computed.add(op);
    for (const { op } of lowerGraph(graph, Object.values(outputs)).graph.nodes) primitives.add(op);
  });

  it('leaves none out, and no rule for TensorFlow.js is dead', () => {
    // It dissolves into others as soon as it is applied.
    const dissolving = ['ScatterAddRows'];
    expect([...new Set([...computed, ...primitives, ...dissolving])].sort()).toEqual(operatorNames());
    expect(Object.keys(rules).sort()).toEqual([...primitives].sort());
  });
});

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradientNorm: 1 };

describe.each(goldenCases)('a whole training step of %s in both runtimes', (name) => {
  it('has the same loss and the same gradient of every tensor, three times over', async () => {
    const { batch } = readGolden(name);
    const trainers = await Promise.all(
      runtimeNames.map(async (runtimeName) => {
        const model = await loadModel(goldenFolder(name));
        const { runtime } = await chooseRuntime(runtimeName, request);
        return new Trainer({ model, ...(await goldenAdapter(name)), optimizer, threads: 1, runtime });
      }),
    );
    // After the first step the weights have changed in place.
    for (let step = 1; step <= 3; step++) {
      const results = await Promise.all(trainers.map((trainer) => trainer.step([toMicroBatch(batch)], 1e-3, step)));
      const [expected, ...others] = trainers.map((trainer, index) => ({ gradients: trainer.gradients, result: results[index] }));
      for (const other of others) {
        expectAgreement([expected?.result?.loss ?? NaN], [other.result?.loss ?? NaN], `loss of step ${step}`);
        expect(other.gradients.size).toBeGreaterThan(0);
        for (const [key, gradient] of other.gradients)
          expectAgreement(expected?.gradients.get(key) ?? [], gradient, `${key}, step ${step}`);
      }
    }
    await Promise.all(trainers.map((trainer) => trainer.release()));
  });
});
