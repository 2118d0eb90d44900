import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseTrainingConfig } from '../config.ts';
import { swiftShaderEnvironment } from '../testing/swiftshader.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-model.ts';
import { parseJournalLine, workerProgram } from '../worker/index.ts';
import { chooseDevice } from './choose-device.ts';
import { lastLine, runProgram } from './run-program.ts';

const environment = swiftShaderEnvironment();
const reason = environment ? '' : ' (left out: it needs a Vulkan driver, and Chromium, which brings one, is not installed)';
/** A driver in software compiles for seconds what a GPU compiles in milliseconds. */
const patience = 240_000;

describe.skipIf(environment === null)(`WebGPU, on Chromium's driver in software${reason}`, { timeout: patience }, () => {
  let folder: string;
  let there: NodeJS.ProcessEnv;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-webgpu-'));
    there = { ...environment, ANNEAL_CACHE: path.join(folder, 'cache') };
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  it('computes every operator and its gradient as the CPU does', async () => {
    const program = path.join(import.meta.dirname, '../testing/operators-on-device.ts');
    const { code, output } = await runProgram(program, ['webgpu'], { environment: there });
    expect(code).toBe(0);
    const differences = Object.entries(z.record(z.string(), z.number()).parse(lastLine(output)));
    expect(differences.length).toBeGreaterThan(40);
    expect(differences.filter(([, difference]) => !(difference < 5e-4))).toEqual([]);
  });

  it('trains with the losses and gradients of the CPU', async () => {
    const places = await writeTinyModel(path.join(folder, 'tiny'), { num_hidden_layers: 1 });
    const trained = async (device: 'cpu' | 'webgpu') => {
      const run = path.join(folder, device);
      fs.mkdirSync(run);
      const { data, run: settings, ...rest } = tinyConfig(places, 2);
      const config = parseTrainingConfig({ ...rest, data: { ...data, validationShare: 0 }, run: { ...settings, device } });
      fs.writeFileSync(path.join(run, 'config.json'), JSON.stringify(config));
      const { code, complaint } = await runProgram(workerProgram, [run], { environment: there });
      expect(complaint).toBe('');
      expect(code).toBe(0);
      const journal = fs.readFileSync(path.join(run, 'journal.ndjson'), 'utf8').trimEnd().split('\n');
      return journal.map((text) => parseJournalLine(text));
    };
    const [expected, found] = [await trained('cpu'), await trained('webgpu')];
    expect(found[0]).toMatchObject({ type: 'started', device: 'webgpu' });
    const figures = (lines: typeof found) =>
      lines.flatMap((line) => (line?.type === 'metrics' ? [line.values.loss ?? NaN, line.values.gradientNorm ?? NaN] : []));
    expect(figures(found)).toHaveLength(4);
    figures(expected).forEach((value, index) => expect(figures(found)[index]! / value).toBeCloseTo(1, 5));
  });

  it('is passed over for the CPU, which is faster, and the log says so', async () => {
    // Where the loader of Vulkan is not installed, only processes that are started with Chromium's find it.
    const { device, note } = await chooseDevice('auto', { threads: 1, environment: there });
    expect(device).toBe('cpu');
    expect(note).toMatch(/^Computing on the CPU\. Passed over: .*webgpu: a step takes \S+ times as long as on the CPU\.$/);
  });
});
