import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectGpus } from './gpus.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-gpus-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A program on the PATH that answers the query as NVIDIA's does, in the order of the fields it is asked for. */
function install(script: string): NodeJS.ProcessEnv {
  fs.writeFileSync(path.join(folder, 'nvidia-smi'), `#!${process.execPath}\n${script}`, { mode: 0o755 });
  return { PATH: folder };
}

const answering = (gpus: readonly Record<string, string>[]) => `
  const query = process.argv.find((one) => one.startsWith('--query-gpu='));
  if (!query || !process.argv.includes('--format=csv,noheader,nounits')) process.exit(2);
  const fields = query.slice('--query-gpu='.length).split(',');
  for (const gpu of ${JSON.stringify(gpus)}) console.log(fields.map((field) => gpu[field]).join(', '));
`;

describe('GPUs', () => {
  it('are those that nvidia-smi names', async () => {
    const gpu = { 'memory.total': '143771', 'memory.free': '143158', driver_version: '570.133.20' };
    const environment = install(
      answering([
        { index: '0', name: 'NVIDIA H200', ...gpu },
        { index: '1', name: 'NVIDIA GB10', ...gpu, 'memory.total': '[N/A]', 'memory.free': '[N/A]' },
      ]),
    );
    expect(await detectGpus(environment)).toEqual({
      gpus: [
        { index: 0, name: 'NVIDIA H200', memory: 143771 * 2 ** 20, availableMemory: 143158 * 2 ** 20, driver: '570.133.20' },
        { index: 1, name: 'NVIDIA GB10', memory: null, availableMemory: null, driver: '570.133.20' },
      ],
      problem: null,
    });
  });

  it('are none where nvidia-smi is not installed', async () => {
    expect(await detectGpus({ PATH: folder })).toEqual({ gpus: [], problem: null });
  });

  it('are none, with the reason, where the driver does not answer', async () => {
    const said = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
    const environment = install(`console.log(${JSON.stringify(said)}); process.exitCode = 9;`);
    expect(await detectGpus(environment)).toEqual({ gpus: [], problem: said });
  });
});
