import type { ChosenRuntime, Runtime, RuntimeRequest } from '../runtime.ts';
import { InterpretedGraph } from './interpreter.ts';
import { loadPackage, type LoadedPackage } from './packages.ts';
import { WeightStore } from './weight-store.ts';

/** TensorFlow.js, which computes the graph node by node in single precision. */
export function tensorFlowRuntime({ tf, name, version }: Pick<LoadedPackage, 'tf' | 'name' | 'version'>): Runtime {
  const store = new WeightStore();
  return {
    name: 'tfjs',
    library: `${name} ${version}`,
    compile: async (graph, outputs, weights, { changing = new Set<string>() } = {}) =>
      new InterpretedGraph(tf, store, graph, outputs, weights, changing),
  };
}

/** @throws EngineError `RUNTIME_UNAVAILABLE` when no package of TensorFlow.js works here, `DEVICE_UNAVAILABLE` when none is for the device. */
export async function chooseTensorFlow(request: RuntimeRequest): Promise<ChosenRuntime> {
  const loaded = await loadPackage(request);
  const runtime = tensorFlowRuntime(loaded);
  const notes = [
    `Computed by ${runtime.library}.`,
    ...(loaded.native ? [] : ['It is plain JavaScript and slow: right for small models only.']),
    ...(loaded.passedOver.length > 0 ? [`Passed over: ${loaded.passedOver.join('; ')}.`] : []),
  ];
  return { runtime, device: loaded.device, note: notes.join(' ') };
}
