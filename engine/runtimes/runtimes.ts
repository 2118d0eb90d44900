import { chooseOnnx } from '../onnx/runtime.ts';
import type { ChosenRuntime, RuntimeName, RuntimeRequest } from './runtime.ts';
import { chooseTensorFlow } from './tfjs/runtime.ts';

/** All runtimes: what finds out whether and on what device each works here. */
const runtimes: Record<RuntimeName, (request: RuntimeRequest) => Promise<ChosenRuntime>> = { onnx: chooseOnnx, tfjs: chooseTensorFlow };

/**
 * The runtime that a configuration asks for.
 * @throws EngineError `RUNTIME_UNAVAILABLE` when its packages are missing or do not work here, `DEVICE_UNAVAILABLE` when
 *   it cannot compute on the device that was asked for; both say what to do.
 */
export const chooseRuntime = (name: RuntimeName, request: RuntimeRequest): Promise<ChosenRuntime> => runtimes[name](request);
