/** What benchmarks look at from the inside of the engine. Nothing here is promised to stay. */
export { packPool, packRows } from './data/batches.ts';
export { Graph } from './graph/graph.ts';
export { lowerGraph } from './graph/lower.ts';
export { gemm, matMul } from './graph/ops/matmul.ts';
export { slice } from './graph/ops/shape.ts';
export { type Value } from './graph/types.ts';
export { onnxRuntime } from './onnx/runtime.ts';
export { productTypes, storages } from './quantization/stored-weight.ts';
export { type Runtime } from './runtimes/runtime.ts';
export { makeMicroBatch, packMicroBatch } from './training/micro-batch.ts';
