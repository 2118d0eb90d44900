import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../errors.ts';
import { chooseDevice } from './choose-device.ts';
import { probeDevice } from './probe.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-devices-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A machine whose only Vulkan driver is a file that is none. */
function brokenDriver(): NodeJS.ProcessEnv {
  const driver = path.join(folder, 'broken_icd.json');
  const library = path.join(folder, 'libbroken.so');
  fs.writeFileSync(library, 'not a library');
  fs.writeFileSync(driver, JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.0.5' } }));
  return { ...process.env, VK_DRIVER_FILES: driver, ANNEAL_CACHE: path.join(folder, 'cache') };
}

/** Runs code at the start of each Node process. */
function preloaded(code: string): NodeJS.ProcessEnv {
  const file = path.join(folder, 'preloaded.mjs');
  fs.writeFileSync(file, code);
  return { NODE_OPTIONS: `--import=${pathToFileURL(file).href}` };
}

async function refused(promise: Promise<unknown>): Promise<EngineError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof EngineError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  return error;
}

describe('the device of a run', { timeout: 240_000 }, () => {
  it('is the CPU when that is asked for, without a word', async () => {
    expect(await chooseDevice('cpu')).toEqual({ device: 'cpu', note: null });
  });

  it('that ONNX Runtime was not built for is refused, with those it was', async () => {
    const foreign = process.platform === 'win32' ? 'coreml' : 'directml';
    const error = await refused(chooseDevice(foreign));
    expect(error.code).toBe('DEVICE_UNAVAILABLE');
    expect(error.issues[0]?.path).toBe('run.device');
    expect(error.message).toContain(`Device ${foreign} cannot be used: ONNX Runtime has no support for it on ${process.platform}`);
    expect(error.message).toContain('cpu');
  });

  it('falls to the CPU when the only driver is broken, says why, and does not try it again at once', async () => {
    const environment = brokenDriver();
    const first = await chooseDevice('auto', { environment });
    expect(first.device).toBe('cpu');
    expect(first.note).toMatch(/^Computing on the CPU\. Passed over: .*webgpu: Failed to get a WebGPU adapter/);
    const leaveTrace = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(path.join(folder, 'tried'))}, '');`;
    expect(await chooseDevice('auto', { environment: { ...environment, ...preloaded(leaveTrace) } })).toEqual(first);
    expect(fs.existsSync(path.join(folder, 'tried'))).toBe(false);
  });

  it('asked for by name is refused with the reason when its driver is broken', async () => {
    const error = await refused(chooseDevice('webgpu', { environment: brokenDriver() }));
    expect(error.code).toBe('DEVICE_UNAVAILABLE');
    expect(error.message).toMatch(
      /^Device webgpu cannot be used: Failed to get a WebGPU adapter.*Vulkan.*set run\.device to auto or cpu\.$/,
    );
  });

  it('whose driver crashes takes nothing else down', async () => {
    const outcome = await probeDevice('webgpu', 1, { ...process.env, ...preloaded("process.kill(process.pid, 'SIGSEGV');") });
    expect(outcome).toEqual({ problem: 'its driver ended the process that tried it (SIGSEGV)', slower: null });
  });

  it('that works has the numbers of the CPU', async () => {
    const { problem, slower } = await probeDevice('cpu', 1);
    expect(problem).toBeNull();
    expect(slower).toBeGreaterThan(0);
  });
});
