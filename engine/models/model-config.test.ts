import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readModelConfig } from './model-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 1000,
  hidden_size: 64,
  intermediate_size: 160,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  bos_token_id: 1,
  eos_token_id: 2,
};
const write = (config: unknown, name = 'config.json') =>
  writeFile(join(folder, name), typeof config === 'string' ? config : JSON.stringify(config));

it('reads the names of transformers before version 5', async () => {
  await write({
    ...llama,
    rope_theta: 500000,
    torch_dtype: 'bfloat16',
    tie_word_embeddings: true,
    rope_scaling: { type: 'linear', factor: 2 },
  });
  expect(await readModelConfig(folder)).toMatchObject({
    architecture: 'llama',
    vocabularySize: 1000,
    hiddenSize: 64,
    intermediateSize: 160,
    layers: 2,
    attentionHeads: 4,
    keyValueHeads: 2,
    headSize: 16,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 500000,
    ropeScaling: { type: 'linear', factor: 2 },
    maxPositions: 512,
    tiedEmbeddings: true,
    attentionBias: false,
    mlpBias: false,
    hiddenActivation: 'silu',
    bosTokenId: 1,
    eosTokenIds: [2],
    padTokenId: null,
    torchDtype: 'bfloat16',
  });
});

it('reads the names of transformers 5', async () => {
  const rope = {
    rope_type: 'llama3',
    rope_theta: 500000,
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 256,
  };
  await write({ ...llama, dtype: 'float32', rope_parameters: rope, head_dim: 32, eos_token_id: [2, 5], pad_token_id: 0 });
  expect(await readModelConfig(folder)).toMatchObject({
    ropeTheta: 500000,
    ropeScaling: { type: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaxPositions: 256 },
    headSize: 32,
    torchDtype: 'float32',
    eosTokenIds: [2, 5],
    padTokenId: 0,
  });
});

it('fills in what LlamaConfig would, and adds the end tokens of generation_config.json', async () => {
  const { num_key_value_heads: _, max_position_embeddings: __, rms_norm_eps: ___, ...short } = llama;
  await write({ ...short, pad_token_id: -1 });
  await write({ eos_token_id: [7, 2] }, 'generation_config.json');
  expect(await readModelConfig(folder)).toMatchObject({
    keyValueHeads: 4,
    maxPositions: 2048,
    rmsNormEpsilon: 1e-6,
    ropeTheta: 10000,
    ropeScaling: null,
    tiedEmbeddings: false,
    eosTokenIds: [2, 7],
    padTokenId: null,
  });
});

it('says what is missing', async () => {
  await expect(readModelConfig(join(folder, 'none'))).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('no model folder'),
  });
  await expect(readModelConfig(folder)).rejects.toMatchObject({
    code: 'MODEL_NOT_FOUND',
    message: expect.stringContaining('no config.json'),
  });
});

it.each([
  [{ ...llama, architectures: ['GPT2LMHeadModel'], model_type: 'gpt2' }, 'GPT2LMHeadModel'],
  [{ ...llama, architectures: undefined, model_type: 'qwen2' }, '"qwen2"'],
  [{ ...llama, architectures: ['LlamaForSequenceClassification'] }, 'LlamaForSequenceClassification'],
  [{}, 'neither model_type nor architectures'],
  [{ ...llama, hidden_act: 'gelu' }, 'hidden_act is "gelu"'],
  [{ ...llama, rope_scaling: { type: 'longrope', factor: 2 } }, 'rope type is "longrope"'],
  [{ ...llama, rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }, 'partial_rotary_factor'],
  [{ ...llama, quantization_config: { quant_method: 'gptq' } }, 'quantization_config'],
])('does not support %j', async (config, expected) => {
  await write(config);
  await expect(readModelConfig(folder)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED', message: expect.stringContaining(expected) });
  await expect(readModelConfig(folder)).rejects.toThrow(/Supported|Take the version/);
});

it.each([
  ['vocab_size', { ...llama, vocab_size: undefined }],
  ['vocab_size', { ...llama, vocab_size: 0 }],
  ['hidden_size', { ...llama, hidden_size: 63 }],
  ['hidden_size', { ...llama, hidden_size: '64' }],
  ['num_hidden_layers', { ...llama, num_hidden_layers: 1.5 }],
  ['num_key_value_heads', { ...llama, num_key_value_heads: 3 }],
  ['num_key_value_heads', { ...llama, num_key_value_heads: 8 }],
  ['head_dim', { ...llama, head_dim: 15 }],
  ['rms_norm_eps', { ...llama, rms_norm_eps: -1 }],
  ['eos_token_id', { ...llama, eos_token_id: 1000 }],
  ['bos_token_id', { ...llama, bos_token_id: 4000 }],
  ['rope_theta', { ...llama, rope_theta: 0 }],
  ['rope_scaling.factor', { ...llama, rope_scaling: { type: 'linear' } }],
  ['rope_scaling.factor', { ...llama, rope_scaling: { type: 'linear', factor: 0.5 } }],
  ['rope_parameters.low_freq_factor', { ...llama, rope_parameters: { rope_type: 'llama3', factor: 8 } }],
  [
    'rope_scaling.high_freq_factor',
    { ...llama, rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4 } },
  ],
  ['architectures', { ...llama, architectures: 'LlamaForCausalLM' }],
])('names the field that is wrong: %s', async (field, config) => {
  await write(config);
  await expect(readModelConfig(folder)).rejects.toMatchObject({
    code: 'MODEL_BROKEN',
    message: expect.stringContaining(field),
    issues: [{ path: field }],
  });
});

it('refuses a file that is not a JSON object', async () => {
  for (const text of ['', '{', '[]', 'null', '"x"']) {
    await write(text);
    await expect(readModelConfig(folder)).rejects.toMatchObject({ code: 'MODEL_BROKEN' });
  }
});
