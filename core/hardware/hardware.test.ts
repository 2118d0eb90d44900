import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Invalid } from '../errors.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { busyShares } from './cpu-usage.ts';
import { readGpuUsage } from './gpu-usage.ts';
import { HardwareService } from './hardware.ts';
import type { HardwareSample } from './sampler.ts';

let folder: string;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A program on the PATH that answers as NVIDIA's does, and writes a line each time that it is asked. */
function install(answer: string): NodeJS.ProcessEnv {
  const script = `#!${process.execPath}
    const query = process.argv.find((one) => one.startsWith('--query-gpu='));
    if (!query || !process.argv.includes('--format=csv,noheader,nounits')) process.exit(2);
    require('node:fs').appendFileSync(${JSON.stringify(path.join(folder, 'asked'))}, query + '\\n');
    console.log(${JSON.stringify(answer)});`;
  fs.writeFileSync(path.join(folder, 'nvidia-smi'), script, { mode: 0o755 });
  return { PATH: folder };
}

const timesAsked = () => fs.readFileSync(path.join(folder, 'asked'), 'utf8').trimEnd().split('\n').length;

describe('a sample of the hardware', () => {
  it('tells how busy processor, memory and disk are', async () => {
    const sample = await new HardwareService({ dataFolder: folder, environment: { PATH: folder } }).sample();
    expect(sample.cores).toHaveLength(os.cpus().length);
    for (const share of sample.cores) expect(share >= 0 && share <= 1).toBe(true);
    expect(sample.loadAverage).toHaveLength(3);
    for (const { total, available } of [sample.memory, sample.disk]) {
      expect(available).toBeGreaterThan(0);
      expect(total).toBeGreaterThanOrEqual(available);
    }
    expect(sample.serverMemory).toBeGreaterThan(10_000_000);
    expect(sample.gpus).toEqual([]);
  });

  it('names the GPUs, and what they do not tell is null', async () => {
    const environment = install('0, NVIDIA H200, 37, 143771, 1024, 41, 118.32\n1, NVIDIA GB10, [N/A], [N/A], [N/A], 50, [N/A]');
    const { gpus } = await new HardwareService({ dataFolder: folder, environment }).sample();
    const [memory, usedMemory] = [143771 * 2 ** 20, 2 ** 30];
    expect(gpus).toEqual([
      { index: 0, name: 'NVIDIA H200', usage: 0.37, memory, usedMemory, temperature: 41, power: 118.32 },
      { index: 1, name: 'NVIDIA GB10', usage: null, memory: null, usedMemory: null, temperature: 50, power: null },
    ]);
  });

  it('has no GPUs where the driver fails', async () => {
    fs.writeFileSync(path.join(folder, 'nvidia-smi'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    expect(await readGpuUsage({ PATH: folder })).toEqual([]);
    expect(await readGpuUsage({ PATH: '/nowhere' })).toBeUndefined();
  });

  it('counts a core that did not move as idle', () => {
    const before = [
      { busy: 100, total: 1000 },
      { busy: 5, total: 10 },
    ];
    const after = [
      { busy: 150, total: 1200 },
      { busy: 5, total: 10 },
    ];
    expect(busyShares(before, after)).toEqual([0.25, 0]);
  });
});

describe('following the hardware', () => {
  it('measures once for all readers, waits for none of them, and rests when they have left', async () => {
    const environment = install('0, NVIDIA H200, 37, 143771, 1024, 41, 118.32');
    const hardware = new HardwareService({ dataFolder: folder, environment });
    const read = () => hardware.follow(1)[Symbol.asyncIterator]();
    const [slow, others] = [read(), [read(), read()]];
    const timeOf = (result: IteratorResult<HardwareSample, unknown>) => (result.done ? NaN : result.value.time.getTime());
    const first = timeOf(await slow.next());
    for (let turn = 0; turn < 3; turn++) {
      const samples = await Promise.all(others.map((reader) => reader.next()));
      expect(new Set(samples.map(timeOf)).size).toBe(1);
    }
    const measured = timesAsked();
    expect(measured).toBeLessThanOrEqual(4);
    // Timers may ring a little early.
    expect(timeOf(await slow.next())).toBeGreaterThan(first + 900);
    for (const reader of [slow, ...others]) await reader.return?.();
    const asked = timesAsked();
    await setTimeout(1300);
    expect(timesAsked()).toBe(asked);
  });

  it.each([0, 61, NaN])('refuses %d seconds', (seconds) => {
    expect(() => new HardwareService({ dataFolder: folder }).follow(seconds)).toThrow(Invalid);
  });
});
