import { type Graph, onnxRuntime, type Runtime, type Value } from '@anneal/engine/internals';

/** A graph that was compiled, and what of it is computed. */
export interface CompiledStep {
  graph: Graph;
  outputs: readonly Value[];
}

/** ONNX Runtime, which also tells of each graph that it compiles. */
export const observedRuntime = (tell: (step: CompiledStep) => void): Runtime => ({
  ...onnxRuntime,
  compile(graph, outputs, weights, options) {
    tell({ graph, outputs: Object.values(outputs) });
    return onnxRuntime.compile(graph, outputs, weights, options);
  },
});
