import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { parseTrainingConfig, type TrainingConfigInput } from '../config.ts';
import { TextModel } from '../generation/text-model.ts';
import { initializeModel } from '../models/initialize.ts';
import { inspectModel } from '../models/inspect.ts';
import { saveModel } from '../models/save.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-model.ts';
import { train } from './train.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'anneal-families-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const gpt2 = { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_positions: 64, n_embd: 32, n_layer: 2, n_head: 4 };

async function losses(config: TrainingConfigInput, folder: string): Promise<number[]> {
  const found: number[] = [];
  for await (const event of train(parseTrainingConfig(config), { folder }))
    if (event.type === 'metrics' && event.values.loss !== undefined) found.push(event.values.loss);
  return found;
}

it('trains a GPT-2 by the defaults: all of its linear layers, in an adapter that says how their weights are stored', async () => {
  const places = await writeTinyModel(path.join(home, 'gpt2'), gpt2);
  expect(await inspectModel(places.model)).toMatchObject({ architecture: 'gpt2', layers: 2, maxPositions: 64 });
  const folder = path.join(home, 'gpt2-run');
  const curve = await losses(tinyConfig(places, 30), folder);
  expect(curve).toHaveLength(30);
  expect(curve.at(-1)).toBeLessThan((curve[0] ?? 0) - 0.3);
  const adapter = path.join(folder, 'artifacts', 'adapter');
  const config: unknown = JSON.parse(await readFile(path.join(adapter, 'adapter_config.json'), 'utf8'));
  expect(config).toMatchObject({ target_modules: ['c_attn', 'c_proj', 'c_fc'], fan_in_fan_out: true });
  const { base, tuned } = await TextModel.openPair(places.model, adapter, 1);
  const settings = { maxTokens: 12, temperature: 0, topK: 0, topP: 1, seed: 0, stop: [] };
  const [before, after] = [await base.writeAll(['add 3'], settings), await tuned.writeAll(['add 3'], settings)];
  expect(after[0]).not.toBe(before[0]);
  await base.release();
  await tuned.release();
});

it('trains every weight of a model whose norms are stored less one, and the folder that it leaves loads', async () => {
  const kind = { architectures: ['GemmaForCausalLM'], model_type: 'gemma', head_dim: 8, hidden_act: 'gelu_pytorch_tanh' };
  const places = await writeTinyModel(path.join(home, 'gemma'), kind);
  await writeFile(path.join(places.model, 'merges.txt'), '#version: 0.2\n');
  await writeFile(path.join(places.model, 'tokenizer.model'), 'pieces');
  const folder = path.join(home, 'gemma-run');
  const curve = await losses({ ...tinyConfig(places, 30), method: { trainable: 'full' } }, folder);
  expect(curve.at(-1)).toBeLessThan((curve[0] ?? 0) * 0.8);
  const model = path.join(folder, 'artifacts', 'model');
  expect(await inspectModel(model)).toMatchObject({ architecture: 'gemma' });
  // With all that belongs to the base.
  expect(await readFile(path.join(model, 'merges.txt'), 'utf8')).toBe('#version: 0.2\n');
  expect(await readFile(path.join(model, 'tokenizer.model'), 'utf8')).toBe('pieces');
});

it('refuses sequences longer than the positions of the model', async () => {
  const places = await writeTinyModel(path.join(home, 'short'), gpt2);
  const config = { ...tinyConfig(places, 1), data: { path: places.data, maxLength: 65 } };
  await expect(losses(config, path.join(home, 'short-run'))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: "The configuration is not valid: data.maxLength: It is 65, but the model's positions end at 64. Give at most 64.",
    issues: [{ path: 'data.maxLength' }],
  });
  const tokens = path.join(home, 'tokens.jsonl');
  const step = (length: number) => ({ input_ids: [Array.from({ length }, () => 5)], labels: [Array.from({ length }, () => 6)] });
  const stepsOf = async (length: number) => {
    await writeFile(tokens, `${JSON.stringify(step(length))}\n`);
    const given = { ...tinyConfig(places, 1), data: { path: tokens, format: 'tokens' as const } };
    return losses(given, path.join(home, `tokens-${length}`));
  };
  await expect(stepsOf(65)).rejects.toMatchObject({
    code: 'DATASET_INVALID',
    message: expect.stringContaining("has a sequence of 65 tokens, but the model's positions end at 64"),
  });
  expect(await stepsOf(64)).toHaveLength(1);
});

it('refuses a tokenizer that does not belong to the model', async () => {
  const places = await writeTinyModel(path.join(home, 'other'), gpt2);
  const file = path.join(places.model, 'config.json');
  const config = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
  const start = () => losses(tinyConfig(places, 1), path.join(home, 'other-run'));
  await resizeVocabulary(places.model, 100);
  await expect(start()).rejects.toThrow(/tokenizer\.json knows \d+ tokens, the model has 100 embeddings\. Take both from the same model\./);
  await resizeVocabulary(places.model, 5000);
  await expect(start()).resolves.toHaveLength(1);
  await writeFile(file, JSON.stringify({ ...config, vocab_size: 5000, eos_token_id: 4999 }));
  for (const use of [start, () => inspectModel(places.model), () => TextModel.open(places.model, 1)])
    await expect(use()).rejects.toThrow(/config\.json begins or ends texts with token 4999, tokenizer\.json knows \d+ tokens/);
});

/** The same kind of model, with another number of embeddings. */
async function resizeVocabulary(folder: string, size: number): Promise<void> {
  const file = path.join(folder, 'config.json');
  const config = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(file, 'utf8')));
  await writeFile(file, JSON.stringify({ ...config, vocab_size: size }));
  await saveModel(folder, await initializeModel(folder, 1), 'F32', folder);
}
