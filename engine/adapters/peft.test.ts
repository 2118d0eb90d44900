import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../weights/safetensors.ts';
import { loadAdapter, saveAdapter } from './peft.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-adapter-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const layer = 'model.layers.0.self_attn.q_proj';
const stored = (tensor: { name: string }) => `base_model.model.${tensor.name}`;
const config = { rank: 2, alpha: 16, targetModules: ['q_proj'], baseModel: 'some/model' };
const a = { name: `${layer}.lora_A.weight`, shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const b = { name: `${layer}.lora_B.weight`, shape: [4, 2], data: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8) };

const changeConfig = async (change: Record<string, unknown>) => {
  const path = join(folder, 'adapter_config.json');
  const content: unknown = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify(Object.assign({}, content, change)));
};
const writeTensors = (...tensors: { name: string; shape: number[]; data: Float32Array }[]) =>
  writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    tensors.map((tensor) => ({ ...tensor, name: stored(tensor), dtype: 'F32' as const })),
  );

it('gives back what it saved, to the bit', async () => {
  await saveAdapter(folder, { config, tensors: [a, b] });
  expect((await readdir(folder)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  const adapter = await loadAdapter(folder);
  expect(adapter.config).toMatchObject(config);
  expect(Object.fromEntries(adapter.tensors)).toEqual({
    [stored(a)]: { shape: a.shape, data: a.data },
    [stored(b)]: { shape: b.shape, data: b.data },
  });
});

it.each(['gqa-tied', 'mha-untied-biased', 'gpt2'])('reads what PEFT wrote: %s', async (name) => {
  const adapter = await loadAdapter(fileURLToPath(new URL(`../golden/${name}/adapter`, import.meta.url)));
  expect(adapter.config.targetModules).toContain(name === 'gpt2' ? 'c_attn' : 'q_proj');
  expect(adapter.tensors.size).toBeGreaterThan(0);
  for (const [tensor, { shape }] of adapter.tensors) expect(shape[tensor.includes('lora_A') ? 0 : 1]).toBe(adapter.config.rank);
});

it('keeps what makes a variant of LoRA', async () => {
  const magnitude = { name: `${layer}.lora_magnitude_vector`, shape: [4], data: Float32Array.of(1, 2, 3, 4) };
  const head = { name: 'score.weight', shape: [1, 3], data: Float32Array.of(1, 2, 3) };
  const variant = { ...config, rsLora: true, dora: true, dropout: 0.25, modulesToSave: ['score'], valuesTexts: true, fanInFanOut: true };
  await saveAdapter(folder, { config: variant, tensors: [a, b, magnitude, head] });
  const adapter = await loadAdapter(folder);
  expect({ ...adapter.config, fanInFanOut: true }).toEqual({ ...variant, tiesWeights: false });
  expect([...adapter.tensors.keys()]).toEqual([a, b, magnitude, head].map(stored));
  expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
    use_rslora: true,
    use_dora: true,
    lora_dropout: 0.25,
    modules_to_save: ['score'],
    task_type: 'SEQ_CLS',
    fan_in_fan_out: true,
  });
});

it('finds out the target modules where they are a pattern', async () => {
  await saveAdapter(folder, { config, tensors: [a, b] });
  await changeConfig({ target_modules: '.*q_proj' });
  expect((await loadAdapter(folder)).config.targetModules).toEqual(['q_proj']);
});

it('does not save what it could not load', async () => {
  await expect(saveAdapter(folder, { config, tensors: [a] })).rejects.toThrow('lora_B.weight');
  await expect(saveAdapter(folder, { config: { ...config, rank: 3 }, tensors: [a, b] })).rejects.toThrow('rank 3 needs');
  expect(await readdir(folder)).toEqual([]);
});

describe('refuses', () => {
  beforeEach(() => saveAdapter(folder, { config, tensors: [a, b] }));
  const refusal = async (expected: string | RegExp) => {
    await expect(loadAdapter(folder)).rejects.toMatchObject({ code: 'ADAPTER_BROKEN', message: expect.stringMatching(expected) });
  };

  it('a rank that is not that of the tensors', async () => {
    await changeConfig({ r: 4 });
    await refusal(/lora_A\.weight" has the shape \[2, 3\], rank 4 needs \[4, in\]/);
  });

  it('a matrix without its partner, of another shape, or of another name', async () => {
    await writeTensors(a);
    await refusal('but not ".*lora_B.weight"');
    await writeTensors(a, { ...b, shape: [2, 4] });
    await refusal('has the shape \\[2, 4\\]');
    await writeTensors(a, b, { ...a, name: 'lm_head.weight' });
    await refusal('"base_model.model.lm_head.weight" is neither');
    await writeTensors();
    await refusal('has no tensors');
  });

  it('tensors of layers that are not targets', async () => {
    await changeConfig({ target_modules: ['v_proj'] });
    await refusal(/q_proj.*target_modules of adapter_config\.json are v_proj/);
  });

  it.each([
    [{ peft_type: 'IA3' }, 'peft_type'],
    [{ use_dora: true }, 'lora_magnitude_vector'],
    [{ bias: 'all' }, 'biases'],
    [{ use_qalora: true }, 'QALoRA'],
    [{ trainable_token_indices: [1] }, 'single tokens'],
    [{ init_lora_weights: 'pissa_niter_4' }, 'pissa_niter_4'],
    [{ task_type: 'SEQ_2_SEQ_LM' }, 'SEQ_2_SEQ_LM'],
    [{ lora_dropout: 1 }, '"lora_dropout"'],
    [{ rank_pattern: { q_proj: 4 } }, 'rank_pattern'],
    [{ alpha_pattern: { q_proj: 4 } }, 'alpha_pattern'],
    [{ r: 0 }, '"r"'],
    [{ r: '2' }, '"r"'],
    [{ lora_alpha: null }, '"lora_alpha"'],
    [{ target_modules: 7 }, '"target_modules"'],
  ])('%j', async (change, expected) => {
    await changeConfig(change);
    await refusal(expected);
  });

  it('files that are missing or damaged', async () => {
    await truncate(join(folder, 'adapter_model.safetensors'), 50);
    await refusal('adapter_model.safetensors is damaged');
    await rm(join(folder, 'adapter_model.safetensors'));
    await refusal('has no adapter_model.safetensors');
    await writeFile(join(folder, 'adapter_model.bin'), 'pickle');
    await refusal('pickle');
    await writeFile(join(folder, 'adapter_config.json'), '{');
    await refusal('not JSON');
    await rm(join(folder, 'adapter_config.json'));
    await refusal('not an adapter folder');
    await rm(folder, { recursive: true });
    await refusal('not an adapter folder');
  });
});
