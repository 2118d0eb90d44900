import { lowerGraph } from '../graph/lower.ts';
import type { Device } from '../hardware/device.ts';
import { buildStepGraph, type StepModel, type StepShape } from '../training/step-graph.ts';
import { liveness } from './liveness.ts';
import { recordNodes, tensorBytes } from './recorded-nodes.ts';

/** What one pass of a compiled step needs beside weights, gradients and optimizer. */
export interface StepMemory {
  /** Largest sum of all intermediate results that exist at the same time, bytes. */
  activations: number;
  /** The part of it that is as wide as the vocabulary: logits and their probabilities. */
  logits: number;
  /** Constants inside the graph: masks, tables. Bytes. */
  constants: number;
  /** Nodes of the graph; what ONNX Runtime and this process keep of it grows with their number. */
  nodes: number;
  /** Floating point operations in matrix products. */
  operations: number;
}

/**
 * Builds the graph of a training step as training does, and follows the life of its tensors. The weights are not needed.
 * @param trainable names of the tensors that are trained; empty for an evaluation
 */
export function stepMemory(model: StepModel, shape: StepShape, trainable: readonly string[], device: Device = 'cpu'): StepMemory {
  const step = buildStepGraph(model, shape, trainable);
  const { graph, outputs } = lowerGraph(step.graph, Object.values(step.outputs));
  const recorded = recordNodes(graph, device);
  const names = Object.keys(step.outputs);
  // Gradients are written into buffers that are there anyway.
  const brought = new Set(outputs.flatMap(({ name }, index) => (names[index]?.startsWith('grad:') ? [name] : [])));
  const { peak, atPeak } = liveness(recorded, new Set(outputs.map(({ name }) => name)), brought);
  const { vocabularySize } = model.config;
  const isLogits = new Set(
    graph.nodes.flatMap((node) => node.outputs.flatMap((value) => (value.shape.at(-1) === vocabularySize ? [value.name] : []))),
  );
  return {
    activations: peak,
    logits: sum([...atPeak].map(([name, bytes]) => (isLogits.has(name) ? bytes : 0))),
    constants: sum(graph.constants.map(({ value }) => tensorBytes(value))),
    nodes: recorded.nodes.length,
    operations: sum(graph.nodes.map(({ op, inputs, outputs: [result] }) => (isProduct(op) && result ? products(inputs[0], result) : 0))),
  };
}

const isProduct = (operator: string): boolean => /MatMul|Gemm/.test(operator);

/** [..., m, k] · [..., k, n]: 2 · m · k · n, and m · k elements are those of the left side. */
const products = (left: { shape: readonly number[] } | undefined, result: { shape: readonly number[] }): number =>
  2 * (left?.shape ?? []).reduce((product, size) => product * size, 1) * (result.shape.at(-1) ?? 1);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
