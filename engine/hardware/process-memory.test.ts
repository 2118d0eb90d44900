import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DeviceMemory } from './process-memory.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-memory-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A program on the PATH that answers as NVIDIA's does. */
function install(answer: string): NodeJS.ProcessEnv {
  const script = `#!${process.execPath}\nif (!process.argv.includes('--query-compute-apps=pid,used_gpu_memory')) process.exit(2);\nprocess.stdout.write(${JSON.stringify(answer)});\n`;
  fs.writeFileSync(path.join(folder, 'nvidia-smi'), script, { mode: 0o755 });
  return { PATH: folder };
}

async function readTwice(memory: DeviceMemory): Promise<[number | undefined, number | undefined]> {
  const first = memory.read();
  await memory.settled();
  return [first, memory.read()];
}

it('is that of this process, on all GPUs together', async () => {
  const environment = install(`1, 5000\n${process.pid}, 300\n${process.pid}, 12\n`);
  expect(await readTwice(new DeviceMemory('cuda', environment))).toEqual([undefined, 312 * 2 ** 20]);
});

it.each([
  ['the driver does not name the process', '1, 5000\n'],
  ['the driver cannot tell', `${process.pid}, [N/A]\n`],
])('is unknown where %s', async (_, answer) => {
  expect(await readTwice(new DeviceMemory('cuda', install(answer)))).toEqual([undefined, undefined]);
});

it('is unknown without a driver, and nobody is asked when another device computes', async () => {
  expect(await readTwice(new DeviceMemory('cuda', { PATH: folder }))).toEqual([undefined, undefined]);
  expect(await readTwice(new DeviceMemory('cpu', install(`${process.pid}, 300\n`)))).toEqual([undefined, undefined]);
});
