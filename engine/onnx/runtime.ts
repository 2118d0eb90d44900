import { env } from 'onnxruntime-node';
import { chooseDevice } from '../hardware/choose-device.ts';
import type { ChosenRuntime, Runtime, RuntimeRequest } from '../runtimes/runtime.ts';
import { GraphSession } from './session.ts';

/** ONNX Runtime, which reads weights in place at every run. */
export const onnxRuntime: Runtime = {
  name: 'onnx',
  library: `onnxruntime-node ${env.versions.node ?? env.versions.common}`,
  compile: (graph, outputs, weights, options) => GraphSession.compile(graph, outputs, weights, options),
};

/** @throws EngineError `DEVICE_UNAVAILABLE` when a device was asked for by name and does not work. */
export async function chooseOnnx({ device, threads }: RuntimeRequest): Promise<ChosenRuntime> {
  return { runtime: onnxRuntime, ...(await chooseDevice(device, { threads })) };
}
