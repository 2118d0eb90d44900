import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineError } from '../../errors.ts';
import { loadPackage } from './packages.ts';

const tensorFlow = createRequire(import.meta.url).resolve('@tensorflow/tfjs');

let folder: string;
let from: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(tmpdir(), 'anneal-packages-'));
  from = path.join(folder, 'engine.js');
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

/** Puts a package where Node finds it. */
async function install(name: string, code: string): Promise<void> {
  const place = path.join(folder, 'node_modules', name);
  await fs.mkdir(place, { recursive: true });
  await fs.writeFile(path.join(place, 'index.js'), code);
}

async function refusal(loading: Promise<unknown>): Promise<EngineError> {
  const error: unknown = await loading.then(
    () => new Error('it was loaded'),
    (reason: unknown) => reason,
  );
  if (error instanceof EngineError) return error;
  throw error;
}

it('loads the plain package where it is the only one', async () => {
  await install('@tensorflow/tfjs', `module.exports = require(${JSON.stringify(tensorFlow)});`);
  expect(await loadPackage({ device: 'auto', threads: 0 }, from)).toMatchObject({
    name: '@tensorflow/tfjs',
    version: '4.22.0',
    device: 'cpu',
    passedOver: [],
  });
});

it('says what to install where there is none, and for which versions it is made', async () => {
  const { code, message, issues } = await refusal(loadPackage({ device: 'auto', threads: 0 }, from));
  expect(code).toBe('RUNTIME_UNAVAILABLE');
  expect(message).toMatch(/^TensorFlow\.js is not installed\. Install it/);
  expect(message).toContain('npm install --no-save @tensorflow/tfjs-node-gpu@4.22.0" (an NVIDIA GPU with CUDA 11.2 and cuDNN 8.1');
  expect(message).toContain('npm install --no-save @tensorflow/tfjs-node@4.22.0" (Linux, macOS or Windows on x64, Node 20 to 22)');
  expect(message).toContain('npm install --no-save @tensorflow/tfjs@4.22.0" (any Node');
  expect(message).toContain('set run.runtime to onnx');
  expect(issues).toEqual([{ path: 'run.runtime', message }]);
});

it('passes over a package that does not load, and says why', async () => {
  await install('@tensorflow/tfjs-node', "throw new Error('The native addon cannot be found.\\nPlease rebuild.');");
  await install('@tensorflow/tfjs', `module.exports = require(${JSON.stringify(tensorFlow)});`);
  const { name, passedOver } = await loadPackage({ device: 'auto', threads: 0 }, from);
  expect(name).toBe('@tensorflow/tfjs');
  expect(passedOver).toEqual([expect.stringContaining('@tensorflow/tfjs-node: The native addon cannot be found.')]);
  expect(passedOver[0]).not.toContain('rebuild');
});

const failing: [string, string, string][] = [
  ['is something else', 'module.exports = {};', 'it is not TensorFlow.js'],
  ['loads but cannot compute', broken("matMul() { throw new TypeError('isNullOrUndefined is not a function'); }"), 'isNullOrUndefined'],
  ['computes wrong numbers', broken('matMul: (a, b) => real.add(real.matMul(a, b), 1)'), 'it computes wrong numbers'],
  ['has no such backend', broken('setBackend: async () => false'), 'its backend tensorflow does not start'],
];

function broken(part: string): string {
  const working = 'setBackend: async () => real.setBackend("cpu")';
  return `const real = require(${JSON.stringify(tensorFlow)}); module.exports = { ...real, ${working}, ${part} };`;
}

it.each(failing)('refuses a package that %s', async (_, code, reason) => {
  await install('@tensorflow/tfjs-node', code);
  const error = await refusal(loadPackage({ device: 'auto', threads: 0 }, from));
  expect(error.code).toBe('RUNTIME_UNAVAILABLE');
  expect(error.message).toContain(`TensorFlow.js could not be used: @tensorflow/tfjs-node: ${reason}`);
  expect(error.message.includes('do not work with Node 23 or later')).toBe(Number.parseInt(process.versions.node, 10) >= 23);
});

it('takes only packages for the device that is asked for', async () => {
  await install('@tensorflow/tfjs', `module.exports = require(${JSON.stringify(tensorFlow)});`);
  await install('@tensorflow/tfjs-node-gpu', broken(''));
  expect(await loadPackage({ device: 'cpu', threads: 0 }, from)).toMatchObject({ name: '@tensorflow/tfjs', passedOver: [] });
  const withoutGpu = await refusal(loadPackage({ device: 'cuda', threads: 0 }, from));
  expect(withoutGpu.code).toBe('RUNTIME_UNAVAILABLE');
  expect(withoutGpu.message).toContain('@tensorflow/tfjs-node-gpu: it finds no GPU that it can use');
  const never = await refusal(loadPackage({ device: 'webgpu', threads: 0 }, from));
  expect(never.code).toBe('DEVICE_UNAVAILABLE');
  expect(never.issues[0]?.path).toBe('run.device');
});
