import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { EngineError } from '../../errors.ts';
import type { Device } from '../../hardware/device.ts';
import type { RuntimeRequest } from '../runtime.ts';
import type { TensorFlow } from './tensorflow.ts';

/** A package that TensorFlow.js comes in. */
interface Package {
  name: string;
  /** What TensorFlow.js calls the way it computes. */
  backend: 'tensorflow' | 'cpu';
  /** What the package was made for. */
  device: Device;
  needs: string;
}

/** The fastest first. */
const packages: readonly Package[] = [
  {
    name: '@tensorflow/tfjs-node-gpu',
    backend: 'tensorflow',
    device: 'cuda',
    needs: 'an NVIDIA GPU with CUDA 11.2 and cuDNN 8.1, Linux or Windows on x64, Node 20 to 22',
  },
  { name: '@tensorflow/tfjs-node', backend: 'tensorflow', device: 'cpu', needs: 'Linux, macOS or Windows on x64, Node 20 to 22' },
  { name: '@tensorflow/tfjs', backend: 'cpu', device: 'cpu', needs: 'any Node, but is slow: it computes in plain JavaScript' },
];

/** The release whose versions and limits are stated above. */
const release = '4.22.0';

export interface LoadedPackage {
  tf: TensorFlow;
  name: string;
  version: string;
  device: Device;
  /** Whether libtensorflow computes, rather than JavaScript. */
  native: boolean;
  /** What was installed but could not be used: names and reasons. */
  passedOver: readonly string[];
}

/**
 * Loads the fastest package of TensorFlow.js that is installed and computes right.
 * @param request only packages for its device; its threads count for the first package that the process loads.
 * @param from a file of the place where packages are looked for.
 * @throws EngineError `RUNTIME_UNAVAILABLE` when there is none, `DEVICE_UNAVAILABLE` when no package is for the device.
 */
export async function loadPackage({ device: requested, threads }: RuntimeRequest, from: string = import.meta.url): Promise<LoadedPackage> {
  const candidates = packages.filter(({ device }) => requested === 'auto' || device === requested);
  if (candidates.length === 0) throw noSuchDevice(requested);
  // libtensorflow reads it when it starts; a user's own setting holds.
  if (threads > 0) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  const passedOver: string[] = [];
  for (const candidate of candidates) {
    const file = find(candidate.name, from);
    if (file === null) continue;
    try {
      const tf = await load(file, candidate);
      const device = usesGpu(tf) ? 'cuda' : 'cpu';
      if (requested === 'auto' || device === requested) {
        const { name, backend } = candidate;
        return { tf, name, version: tf.version.tfjs, device, native: backend === 'tensorflow', passedOver };
      }
      passedOver.push(`${candidate.name}: it finds no GPU that it can use`);
    } catch (error) {
      passedOver.push(`${candidate.name}: ${reasonOf(error, candidate)}`);
    }
  }
  throw unavailable(candidates, passedOver);
}

/** The file that a package begins with. Null: it is not installed. */
function find(name: string, from: string): string | null {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return null;
  }
}

async function load(file: string, { backend }: Package): Promise<TensorFlow> {
  const loaded: unknown = await import(pathToFileURL(file).href);
  const module: unknown = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : loaded;
  if (!isTensorFlow(module)) throw new Error('it is not TensorFlow.js');
  // Warnings about the backend are given by the run's log.
  module.enableProdMode();
  if (!(await module.setBackend(backend))) throw new Error(`its backend ${backend} does not start`);
  const [product] = await module.tidy(() => module.matMul([[1, 2]], [[3], [4]])).data();
  if (product !== 11) throw new Error('it computes wrong numbers');
  return module;
}

const isTensorFlow = (module: unknown): module is TensorFlow =>
  typeof module === 'object' &&
  module !== null &&
  ['tensor', 'tidy', 'matMul', 'setBackend', 'enableProdMode'].every((name) => typeof Reflect.get(module, name) === 'function');

function usesGpu(tf: TensorFlow): boolean {
  const backend: object = tf.backend();
  return 'isUsingGpuDevice' in backend && backend.isUsingGpuDevice === true;
}

const firstNodeWithout = 23;

function reasonOf(error: unknown, { backend }: Package): string {
  const said = (error instanceof Error ? error.message : String(error)).trim().split('\n')[0]?.trim().slice(0, 300) ?? '';
  const old = backend === 'tensorflow' && Number.parseInt(process.versions.node, 10) >= firstNodeWithout;
  return old ? `${said} (${release} and earlier do not work with Node 23 or later; this is Node ${process.versions.node})` : said;
}

function unavailable(candidates: readonly Package[], passedOver: readonly string[]): EngineError {
  const found = passedOver.length > 0 ? `could not be used: ${passedOver.join('; ')}` : 'is not installed';
  const choice = candidates.map(({ name, needs }) => `"npm install --no-save ${name}@${release}" (${needs})`).join(', or ');
  const message = `TensorFlow.js ${found}. Install it in the project's folder with ${choice}; or set run.runtime to onnx, which needs nothing more.`;
  return new EngineError('RUNTIME_UNAVAILABLE', message, { issues: [{ path: 'run.runtime', message }] });
}

function noSuchDevice(device: Device | 'auto'): EngineError {
  const message = `TensorFlow.js cannot compute on ${device}. Set run.device to auto, cpu or cuda, or run.runtime to onnx.`;
  return new EngineError('DEVICE_UNAVAILABLE', message, { issues: [{ path: 'run.device', message }] });
}
