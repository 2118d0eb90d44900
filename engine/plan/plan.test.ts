import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseTrainingConfig, type TrainingConfigInput } from '../config.ts';
import { runProgram } from '../hardware/run-program.ts';
import { initializeModel } from '../models/initialize.ts';
import { saveModel } from '../models/save.ts';
import { tinyConfig, writeTinyModel } from '../testing/index.ts';
import { plan } from './plan.ts';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-plan-test-'));
  vi.stubEnv('ANNEAL_CACHE', path.join(folder, 'cache'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Measuring takes processes of its own, one after the other. */
const timeout = 240_000;

describe('the plan of a small run', { timeout }, () => {
  let places: { model: string; data: string };
  beforeAll(async () => {
    places = await writeTinyModel(path.join(folder, 'tiny'));
  });

  it('counts weights, steps and evaluations, and says what they cost', async () => {
    const { schedule, run, ...rest } = tinyConfig(places, 0);
    const config = parseTrainingConfig({ ...rest, schedule: { ...schedule, epochs: 3, maxSteps: 0 }, run: { ...run, evaluateEvery: 10 } });
    const planned = await plan(config, { pricePerHour: 2, folder });
    expect(planned).toMatchObject({ parameters: 24448, trainableParameters: 1856, device: 'cpu', warnings: [] });
    expect(planned.trainableShare).toBeCloseTo(1856 / (24448 + 1856), 6);
    // 36 of 40 rows in batches of 4, three times.
    expect(planned.time).toMatchObject({ steps: 27, evaluations: 4, isMeasured: true });
    expect(planned.dataset).toEqual({ rows: 40, isCounted: true });
    expect(planned.time.total).toBeGreaterThan(27 * planned.time.perStep);
    expect(planned.cost).toBeCloseTo((planned.time.total / 3600) * 2, 9);
    const { parts, peak } = planned.memory;
    expect(sum(Object.values(parts))).toBeCloseTo(peak, 0);
    expect(parts).toMatchObject({ weights: 4 * 24448, trained: 4 * 1856, optimizer: 3 * 4 * 1856 });
    // Weights and AdamW's two means, single precision, in each checkpoint.
    expect(planned.disk.checkpoints / (3 * 4 * 1856)).toBe(5);
    expect(planned.disk.available).toBeGreaterThan(planned.disk.total);
    // The same measurement, with another price.
    const again = await plan(config, { pricePerHour: 4 });
    expect(again).toMatchObject({ memory: { parts }, time: planned.time, cost: 2 * (planned.cost ?? 0) });
  });

  it('refuses what could not be trained either, in the words of the run', async () => {
    const wrong = (changes: TrainingConfigInput) => plan(parseTrainingConfig({ ...tinyConfig(places, 5), ...changes }));
    await expect(wrong({ model: { base: path.join(folder, 'nowhere') } })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(wrong({ data: { path: path.join(folder, 'nothing.jsonl') } })).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
    await expect(wrong({ method: { targetModules: ['attention'] } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const rows = path.join(folder, 'odd.jsonl');
    fs.writeFileSync(rows, '{"question":"?"}\n');
    await expect(wrong({ data: { path: rows, maxLength: 64 } })).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringContaining(rows),
    });
  });
});

it('is right about the memory of a run', { timeout }, async () => {
  const source = path.join(folder, 'source');
  fs.mkdirSync(source);
  const model = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 8192, hidden_size: 256, intermediate_size: 768 },
    ...{ num_hidden_layers: 8, num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 256, tie_word_embeddings: true },
  };
  fs.writeFileSync(path.join(source, 'config.json'), JSON.stringify(model));
  const base = path.join(folder, 'model');
  await saveModel(base, await initializeModel(source, 1), 'BF16', source);
  const data = path.join(folder, 'tokens.jsonl');
  const rows = Array.from({ length: 8 }, (_, row) => Array.from({ length: 256 }, (_, index) => (index * 7919 + row) % 8192));
  fs.writeFileSync(data, `${JSON.stringify({ input_ids: rows, labels: rows })}\n`.repeat(2));
  const config = parseTrainingConfig({
    model: { base },
    data: { path: data, format: 'tokens', maxLength: 256, validationShare: 0 },
    schedule: { batchSize: 8 },
    run: { device: 'cpu', tensorBoard: false },
  });
  const { memory } = await plan(config);

  const run = path.join(folder, 'run');
  fs.mkdirSync(run);
  fs.writeFileSync(path.join(run, 'config.json'), JSON.stringify(config));
  const { code, output, complaint } = await runProgram(path.join(import.meta.dirname, '../testing/peak-memory.ts'), [run]);
  expect(complaint).toBe('');
  expect(code).toBe(0);
  const found = Number(output.trim().split('\n').at(-1));
  expect(memory.parts.activations).toBeGreaterThan(found / 3);
  expect(memory.peak / found).toBeGreaterThan(0.85);
  expect(memory.peak / found).toBeLessThan(1.15);
});
