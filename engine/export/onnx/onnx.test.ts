import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AutoModelForCausalLM, AutoTokenizer, env, type PreTrainedModel, Tensor } from '@huggingface/transformers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { bundledModelFolder } from '../../bundled/bundled.ts';
import { Generator } from '../../generation/generator.ts';
import { goldenCases, goldenFolder, goldenTensors, readGolden, relativeError } from '../../golden/cases.ts';
import { loadModel } from '../../models/load.ts';
import { writeTinyModel } from '../../testing/index.ts';
import { exportModel } from '../export-model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'anneal-onnx-'));
  env.allowRemoteModels = false;
  env.localModelPath = folder;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const exportTo = async (name: string, options: Omit<Parameters<typeof exportModel>[0], 'format' | 'out'>) => {
  await exportModel({ format: 'onnx', out: path.join(folder, name), ...options });
  return AutoModelForCausalLM.from_pretrained(name);
};
const int64 = (rows: readonly (readonly number[])[]) =>
  new Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]?.length ?? 0]);
const numbers = z.instanceof(BigInt64Array).transform((data) => Array.from(data, Number));

/** Stops nothing: an end token that no model has. */
const endless = { eos_token_id: -1 };

/** Greedy tokens of Transformers.js after prompts; shorter ones are padded in front. */
async function theirTokens(
  model: PreTrainedModel,
  prompts: readonly (readonly number[])[],
  count: number,
  end: object = endless,
): Promise<number[][]> {
  const width = Math.max(...prompts.map((prompt) => prompt.length));
  const padding = (prompt: readonly number[], fill: number) => Array.from({ length: width - prompt.length }, () => fill);
  const inputs = {
    input_ids: int64(prompts.map((prompt) => [...padding(prompt, 0), ...prompt])),
    attention_mask: int64(prompts.map((prompt) => [...padding(prompt, 0), ...prompt.map(() => 1)])),
  };
  const result = z.object({ data: numbers, dims: z.array(z.int()) });
  const { data, dims } = result.parse(await model.generate({ ...inputs, max_new_tokens: count, do_sample: false, ...end }));
  return prompts.map((_, row) => data.slice(row * (dims[1] ?? 0) + width, (row + 1) * (dims[1] ?? 0)));
}

async function ourTokens(base: string, prompt: readonly number[], count: number, endTokens: readonly number[] = []): Promise<number[]> {
  const generator = new Generator({ model: await loadModel(base), threads: 1 });
  const tokens: number[] = [];
  for await (const [id] of generator.steps([prompt], { maxTokens: count, seed: 1, endTokens, temperature: 0, topK: 0, topP: 1 }))
    if (id != null) tokens.push(id);
  await generator.release();
  return tokens;
}

it('lets Transformers.js write what the bundled model writes, alone and side by side', async () => {
  const model = await exportTo('bundled', { base: 'bundled' });
  const tokenizer = await AutoTokenizer.from_pretrained('bundled');
  const encode = (text: string) => numbers.parse(z.object({ data: z.unknown() }).parse(tokenizer(text).input_ids).data);
  const prompts = ['function add(a, b) {\n', '/** The sum of all numbers of an array. */\nfunction', 'const words ='].map(encode);
  const ours: number[][] = [];
  for (const prompt of prompts) ours.push(await ourTokens(bundledModelFolder, prompt, 24));
  for (const [index, prompt] of prompts.entries()) expect(await theirTokens(model, [prompt], 24)).toEqual([ours[index]]);
  expect(await theirTokens(model, prompts, 24)).toEqual(ours);
  const ending = encode('/** Sum of an array. */\nexport');
  const ended = await ourTokens(bundledModelFolder, ending, 60, [0]);
  expect(ended.length).toBeLessThan(60);
  expect(await theirTokens(model, [ending], 60, {})).toEqual([ended]);
  await model.dispose();
});

it('carries an adapter', async () => {
  const base = goldenFolder('gqa-tied');
  const model = await exportTo('tuned', { base, adapter: path.join(base, 'adapter') });
  const { prompt = [], tokens = [] } = readGolden('gqa-tied').generation?.lora ?? {};
  expect(await theirTokens(model, [prompt], tokens.length)).toEqual([tokens]);
  await model.dispose();
});

/** This one's texts are longer than its positions, where an exported model ends. */
const cases = goldenCases.filter((name) => name !== 'rope-dynamic');

it.each(cases)('gives the logits and tokens that PyTorch gives: %s', async (name) => {
  const { batch, generation } = readGolden(name);
  const model = await exportTo(name, { base: goldenFolder(name) });
  const outputs = await model({ input_ids: int64(batch.input_ids), attention_mask: int64(batch.attention_mask) });
  const { logits } = z.object({ logits: z.object({ data: z.instanceof(Float32Array), dims: z.array(z.int()) }) }).parse(outputs);
  const expected = (await goldenTensors(name)).get('logits') ?? { shape: [], data: new Float32Array() };
  expect(logits.dims).toEqual(expected.shape);
  const width = logits.dims[2] ?? 0;
  const seen = (data: Float32Array) =>
    batch.attention_mask.flat().flatMap((there, row) => (there ? [...data.subarray(row * width, (row + 1) * width)] : []));
  expect(relativeError(seen(logits.data), seen(expected.data))).toBeLessThan(1e-5);
  const { prompt, tokens } = generation?.base ?? { prompt: [], tokens: [] };
  if (tokens.length > 0) expect(await theirTokens(model, [prompt], tokens.length)).toEqual([tokens]);
  await model.dispose();
});

it('puts large weights into data files', async () => {
  const { model: base } = await writeTinyModel(folder);
  const model = await exportTo('external', { base, inlineBytes: 1000, dataFileBytes: 60_000 });
  const files = await readdir(path.join(folder, 'external', 'onnx'));
  expect(files.sort()).toEqual(['model.onnx', 'model.onnx_data', 'model.onnx_data_1', 'model.onnx_data_2']);
  const config = z
    .object({ 'transformers.js_config': z.unknown() })
    .parse(JSON.parse(await readFile(path.join(folder, 'external', 'config.json'), 'utf8')));
  expect(config['transformers.js_config']).toEqual({ dtype: 'fp32', use_external_data_format: { 'model.onnx': 3 } });
  expect(await theirTokens(model, [[5, 9, 13]], 12)).toEqual([await ourTokens(base, [5, 9, 13], 12)]);
  await model.dispose();
});
