import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTrainingConfig, type TrainingConfig, type TrainingConfigInput } from '../config.ts';
import { collect, exact } from '../testing/collect.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import type { TrainingEvent } from './events.ts';

let home: string;
let model: string;
let dataset: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-run-data-'));
  ({ model, data: dataset } = await writeTinyModel(home));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const runFolder = () => mkdtemp(path.join(home, 'run-'));
const configure = (data: TrainingConfigInput['data'], schedule: TrainingConfigInput['schedule'] = {}): TrainingConfig =>
  parseTrainingConfig({
    model: { base: model },
    data: { path: dataset, maxLength: 64, validationShare: 0.1, ...data },
    method: { rank: 2 },
    optimizer: { learningRate: 1e-2 },
    schedule: { epochs: 2, batchSize: 4, ...schedule },
    run: { checkpointEvery: 0, evaluateEvery: 0, threads: 1, tensorBoard: false },
  });
const losses = (events: readonly TrainingEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'metrics' && event.values.loss !== undefined ? [event.values.loss] : []));

describe('training on rows from disk', () => {
  it('gives the losses of rows in memory', async () => {
    const inMemory = await collect(configure({ streaming: 'off' }), await runFolder());
    const streamed = await collect(configure({ streaming: 'on' }), await runFolder());
    expect(losses(streamed).length).toBe(18);
    expect(losses(streamed)).toEqual(losses(inMemory));
  });

  it.each([
    { streaming: 'on', packing: false },
    { streaming: 'on', packing: true },
    { streaming: 'off', packing: true },
  ] as const)('goes on where it was suspended, with the same losses: %j', async (data) => {
    const config = configure({ ...data, maxLength: 96 }, { epochs: 4, batchSize: 2, maxSteps: 14 });
    const whole = await collect(config, await runFolder());
    const folder = await runFolder();
    const controller = new AbortController();
    const begun = await collect(config, folder, controller.signal, (event) => {
      if (event.type === 'metrics' && event.step === 6) controller.abort('suspend');
    });
    expect(losses(whole).length).toBe(14);
    expect(exact([...begun, ...(await collect(config, folder))])).toEqual(exact(whole));
  });
});

describe('training on tokens', () => {
  it('takes the steps as they are, from a model without a tokenizer', async () => {
    const bare = path.join(home, 'bare');
    await writeTinyModel(bare);
    await rm(path.join(bare, 'model', 'tokenizer.json'));
    const row = (seed: number) => Array.from({ length: 16 }, (_, index) => (seed * 31 + index * 7) % 100);
    const batches = Array.from({ length: 5 }, (_, step) => ({ input_ids: [row(step), row(step + 9)], labels: [row(step), row(step + 9)] }));
    const file = path.join(home, 'batches.json');
    await writeFile(file, JSON.stringify(batches));
    const config = configure({ path: file, format: 'tokens', maxLength: 16 }, { batchSize: 1, maxSteps: 7 });
    const events = await collect({ ...config, model: { ...config.model, base: path.join(bare, 'model') } }, await runFolder());
    const tokens = events.flatMap((event) => (event.type === 'metrics' && event.values.loss !== undefined ? [event.tokens] : []));
    expect(tokens).toEqual([32, 64, 96, 128, 160, 192, 224]);
    expect(losses(events)[5]).toBeLessThan(losses(events)[0] ?? 0);
  });
});
