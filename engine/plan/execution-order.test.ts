import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lowerGraph } from '../graph/lower.ts';
import { probeShapes, probeStep } from '../hardware/probe-graph.ts';
import { writeOnnxModel } from '../onnx/model.ts';
import { executionOrder } from './execution-order.ts';
import { recordNodes } from './recorded-nodes.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-order-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

it('is the order in which ONNX Runtime executes a training step', async () => {
  const { graph, outputs, weights, feeds } = probeStep(probeShapes.small);
  const model = writeOnnxModel(graph, outputs);
  const session = await InferenceSession.create(model.bytes, {
    graphOptimizationLevel: 'disabled',
    enableProfiling: true,
    profileFilePrefix: path.join(folder, 'profile'),
  });
  const all = new Map<string, unknown>([...weights, ...Object.entries(feeds)]);
  const tensors = [...model.inputs, ...model.weights].map(({ name, dtype, shape }) => {
    const data = all.get(name);
    if (data instanceof Float32Array || data instanceof Int32Array) return [name, new Tensor(data, shape)] as const;
    throw new Error(`${name} is ${dtype}`);
  });
  await session.run(Object.fromEntries(tensors));
  session.endProfiling();
  const [profile = ''] = fs.readdirSync(folder);
  const events: { name: string; ts: number }[] = JSON.parse(fs.readFileSync(path.join(folder, profile), 'utf8'));
  const executed = events
    .filter(({ name }) => name.endsWith('_kernel_time'))
    .sort((a, b) => a.ts - b.ts)
    .map(({ name }) => name.replace('_kernel_time', ''));

  const lowered = lowerGraph(graph, Object.values(outputs));
  const { nodes } = recordNodes(lowered.graph, 'cpu');
  // Nodes are named after their type and their place in the file.
  const expected = executionOrder(nodes).map((index) => `${nodes[index]?.type ?? ''}_${index}`);
  expect(expected.length).toBeGreaterThan(40);
  expect(executed).toEqual(expected);
});
