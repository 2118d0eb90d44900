import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundledModelFolder } from '../bundled/bundled.ts';
import { dataLocation } from '../bundled/bundled.ts';
import { parseTrainingConfig } from '../config.ts';
import { loadModel } from '../models/load.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { openModelWeights } from '../weights/model-weights.ts';
import { writeSample } from './sample.ts';
import { writeSlice } from './slice-model.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-slice-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

it('a slice is a model with fewer layers, in the types of the whole, with its tokenizer', async () => {
  const target = path.join(folder, 'slice');
  await writeSlice(bundledModelFolder, target, 2);
  const [slice, whole] = [await loadModel(target), await loadModel(bundledModelFolder)];
  expect(slice.config).toMatchObject({ layers: 2, hiddenSize: whole.config.hiddenSize, vocabularySize: whole.config.vocabularySize });
  expect([...slice.weights.keys()]).toEqual([...whole.weights.keys()].filter((name) => !/layers\.[2-9]/.test(name)));
  const weights = await openModelWeights(target);
  expect(weights.dtype('model.embed_tokens.weight')).toBe('BF16');
  await weights.close();
  const random = [...(slice.weights.get('model.layers.1.mlp.up_proj.weight') ?? [])];
  expect(Math.hypot(...random) / Math.sqrt(random.length)).toBeCloseTo(0.02, 3);
  expect(new Set(slice.weights.get('model.norm.weight'))).toEqual(new Set([1]));
  expect((await loadTokenizer(target)).vocabularySize).toBe((await loadTokenizer(bundledModelFolder)).vocabularySize);
});

it('lists with an entry for each layer lose those of the layers that are left out', async () => {
  const [source, target] = [path.join(folder, 'source'), path.join(folder, 'slice')];
  fs.cpSync(bundledModelFolder, source, { recursive: true });
  const file = path.join(source, 'config.json');
  const fields: Record<string, unknown> = JSON.parse(fs.readFileSync(file, 'utf8'));
  const layers = Number(fields.num_hidden_layers);
  fs.writeFileSync(file, JSON.stringify({ ...fields, layer_types: Array.from({ length: layers }, (_, layer) => `kind ${layer}`) }));
  await writeSlice(source, target, 2);
  expect(JSON.parse(fs.readFileSync(path.join(target, 'config.json'), 'utf8'))).toMatchObject({
    num_hidden_layers: 2,
    layer_types: ['kind 0', 'kind 1'],
  });
});

describe('a sample of the data', () => {
  const take = async (rows: readonly unknown[]) => {
    const [data, sample] = [path.join(folder, 'data.jsonl'), path.join(folder, 'sample.jsonl')];
    fs.writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const told = await writeSample(parseTrainingConfig({ data: { path: data } }).data, [], sample);
    return {
      ...told,
      taken: fs
        .readFileSync(sample, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    };
  };
  const rowsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ prompt: `ask ${index}`, completion: `answer ${index}` }));

  it('is all of a small dataset', async () => {
    const rows = rowsOf(30);
    const taken = await take(rows);
    const bytes = fs.statSync(path.join(folder, 'data.jsonl')).size;
    expect(taken).toEqual({ rows: 30, totalRows: 30, isWhole: true, bytes, taken: rows });
  });

  it('is the beginning of a large one, whose rows are estimated by its size', async () => {
    const { rows, totalRows, isWhole, taken } = await take(rowsOf(9000));
    expect({ rows, isWhole, last: taken.at(-1) }).toEqual({ rows: 2000, isWhole: false, last: rowsOf(2000).at(-1) });
    expect(totalRows).toBeGreaterThan(8500);
    expect(totalRows).toBeLessThan(9500);
  });

  it('is the beginning of the bundled instructions', async () => {
    const sample = path.join(folder, 'sample.jsonl');
    const told = await writeSample(dataLocation(parseTrainingConfig({}).data), [], sample);
    expect(told).toMatchObject({ rows: 2000, totalRows: 3200, isWhole: false });
    expect(fs.readFileSync(sample, 'utf8').trimEnd().split('\n')).toHaveLength(2000);
  });
});
