import { beforeAll, describe, expect, it } from 'vitest';
import { Graph } from '../../graph/graph.ts';
import { add, mul } from '../../graph/ops/arithmetic.ts';
import { reshape } from '../../graph/ops/shape.ts';
import { first } from '../../graph/types.ts';
import type { Runtime } from '../runtime.ts';
import { loadPackage } from './packages.ts';
import { tensorFlowRuntime } from './runtime.ts';
import type { TensorFlow } from './tensorflow.ts';

let tf: TensorFlow;
let runtime: Runtime;
beforeAll(async () => {
  const loaded = await loadPackage({ device: 'cpu', threads: 1 });
  tf = loaded.tf;
  runtime = tensorFlowRuntime(loaded);
});

/** y = x · w + b, and the sum of two weights. */
function weighted() {
  const graph = new Graph();
  const [x, w, b] = [graph.input('x', 'float32', [2]), graph.weight('w', 'float32', [2]), graph.weight('b', 'float32', [2])];
  return { graph, outputs: { y: add(graph, mul(graph, x, w), b), w } };
}

describe('a graph computed by TensorFlow.js', () => {
  it('reads weights that change at every run, the others once', async () => {
    const { graph, outputs } = weighted();
    const weights = new Map([
      ['w', Float32Array.of(1, 2)],
      ['b', Float32Array.of(10, 20)],
    ]);
    const compiled = await runtime.compile(graph, outputs, weights, { changing: new Set(['w']) });
    expect((await compiled.run({ x: Float32Array.of(3, 4) })).numbers('y')).toEqual([13, 28]);
    weights.get('w')?.set([5, 6]);
    expect((await compiled.run({ x: Float32Array.of(3, 4) })).numbers('y')).toEqual([25, 44]);
    await compiled.release();
  });

  it('gives results that nobody writes to later', async () => {
    const { graph, outputs } = weighted();
    const w = Float32Array.of(1, 2);
    const weights = new Map([
      ['w', w],
      ['b', Float32Array.of(0, 0)],
    ]);
    const compiled = await runtime.compile(graph, outputs, weights, { changing: new Set(['w']) });
    const buffer = new Float32Array(2);
    const results = await compiled.run({ x: Float32Array.of(1, 1) }, { y: buffer });
    expect(results.floats('y')).toBe(buffer);
    w.fill(9);
    expect(results.numbers('w')).toEqual([1, 2]);
    expect(w).toEqual(Float32Array.of(9, 9));
    await compiled.release();
  });

  it('frees everything, and holds a weight once for all graphs', async () => {
    const before = tf.memory().numTensors;
    const weights = new Map([
      ['w', Float32Array.of(1, 2)],
      ['b', Float32Array.of(1, 1)],
    ]);
    const graphs = [weighted(), weighted()];
    const compiled = await Promise.all(graphs.map(({ graph, outputs }) => runtime.compile(graph, outputs, weights)));
    expect(tf.memory().numTensors - before).toBe(2);
    for (const one of compiled) await one.run({ x: Float32Array.of(1, 1) });
    expect(tf.memory().numTensors - before).toBe(2);
    await compiled[0]?.release();
    expect((await compiled[1]?.run({ x: Float32Array.of(1, 1) }))?.numbers('y')).toEqual([2, 3]);
    await compiled[1]?.release();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('frees a tensor when its last use has passed', async () => {
    const graph = new Graph();
    const size = 1000;
    const x = graph.input('x', 'float32', [size]);
    let y = x;
    for (let step = 0; step < 40; step++) y = reshape(graph, add(graph, y, x), [size]);
    const compiled = await runtime.compile(graph, { y }, new Map());
    const before = tf.memory().numBytes;
    const { peakBytes } = await tf.profile(async () => {
      const results = await compiled.run({ x: new Float32Array(size).fill(1) });
      expect(results.numbers('y')[0]).toBe(41);
      return [];
    });
    // The input, an operand and a result.
    expect(peakBytes - before).toBeLessThanOrEqual(3 * 4 * size);
    await compiled.release();
  });

  it('leaves nothing behind when a run fails', async () => {
    const { graph, outputs } = weighted();
    const weights = new Map([
      ['w', new Float32Array(2)],
      ['b', new Float32Array(2)],
    ]);
    const compiled = await runtime.compile(graph, outputs, weights, { changing: new Set(['w', 'b']) });
    const before = tf.memory().numTensors;
    await expect(compiled.run({})).rejects.toThrow('input x float32[2] is not given');
    await expect(compiled.run({ x: new Float32Array(3) })).rejects.toThrow('x float32[2] was given 3 elements');
    expect(tf.memory().numTensors).toBe(before);
    await compiled.release();
  });

  it('refuses what it cannot compute', async () => {
    const { graph, outputs } = weighted();
    await expect(runtime.compile(graph, outputs, new Map())).rejects.toThrow('weight w float32[2] is not given');

    const double = new Graph();
    const x = double.input('x', 'float64', [1]);
    await expect(runtime.compile(double, { y: add(double, x, x) }, new Map())).rejects.toThrow('single precision only');

    // Not entered into the table of operators, which other tests walk.
    const other = new Graph();
    const unknown = { op: 'KnownToNobody', inputs: [other.input('x', 'float32', [1])], attributes: undefined, emit: () => undefined };
    const z = first(other.append(unknown, [{ dtype: 'float32', shape: [1] }]));
    await expect(runtime.compile(other, { z }, new Map())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'TensorFlow.js has no rule for the operator KnownToNobody, which this configuration needs. Set run.runtime to onnx.',
      issues: [{ path: 'run.runtime' }],
    });
  });
});
