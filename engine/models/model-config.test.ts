import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
const named = (architecture: string, type: string) => ({ ...llama, architectures: [architecture], model_type: type });
const qwen2 = named('Qwen2ForCausalLM', 'qwen2');
const gemma = named('GemmaForCausalLM', 'gemma');
const gemma3 = { ...named('Gemma3ForCausalLM', 'gemma3_text'), num_hidden_layers: 4, hidden_activation: 'gelu_pytorch_tanh' };
const gpt2 = { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', vocab_size: 1000, n_embd: 64, n_layer: 2, n_head: 4 };
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
    outputBias: false,
    mlpBias: false,
    windows: [null, null],
    rotaryLayers: [true, true],
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
  [{ ...llama, architectures: ['FalconForCausalLM'], model_type: 'falcon' }, 'FalconForCausalLM'],
  [{ ...llama, architectures: undefined, model_type: 'phi3' }, '"phi3"'],
  [{ ...llama, architectures: ['MistralForCausalLM'] }, 'MistralForCausalLM'],
  [{ ...llama, architectures: ['LlamaForSequenceClassification'] }, 'LlamaForSequenceClassification'],
  [{}, 'neither model_type nor architectures'],
  [{ ...llama, hidden_act: 'gelu' }, 'hidden_act is "gelu"'],
  [{ ...llama, rope_scaling: { type: 'longrope', factor: 2 } }, 'rope type is "longrope"'],
  [{ ...llama, rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }, 'partial_rotary_factor'],
  [{ ...llama, quantization_config: { quant_method: 'gptq' } }, 'quantization_config'],
  [{ ...qwen2, use_sliding_window: true, layer_types: ['full_attention', 'linear_attention'] }, '"linear_attention" (layer_types)'],
  [{ ...gemma, hidden_act: 'relu' }, 'hidden_act is "relu"'],
  [{ ...gemma, use_bidirectional_attention: true }, 'use_bidirectional_attention'],
  [{ ...gemma, architectures: ['Gemma2ForCausalLM'], model_type: 'gemma2' }, 'Gemma2ForCausalLM'],
  [{ ...gemma3, final_logit_softcapping: 30 }, 'final_logit_softcapping'],
  [{ ...gemma3, attn_logit_softcapping: 50 }, 'attn_logit_softcapping'],
  [{ ...gpt2, activation_function: 'gelu' }, 'activation_function is "gelu"'],
  [{ ...gpt2, add_cross_attention: true }, 'add_cross_attention'],
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
  ['layer_types', { ...gemma3, layer_types: ['full_attention'] }],
  ['no_rope_layers', { ...named('SmolLM3ForCausalLM', 'smollm3'), no_rope_layers: [1] }],
  ['no_rope_layers.1', { ...named('SmolLM3ForCausalLM', 'smollm3'), no_rope_layers: [1, 2] }],
  ['rope_parameters.full_attention.factor', { ...gemma3, rope_parameters: { full_attention: { rope_type: 'linear' } } }],
  ['n_embd', { ...gpt2, n_head: 5 }],
  ['n_positions', { ...gpt2, n_positions: 0 }],
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

describe('reads what is particular to a family', () => {
  const read = async (config: unknown) => {
    await write(config);
    return readModelConfig(folder);
  };

  it('Mistral: all layers look through a window unless it is null', async () => {
    const mistral = named('MistralForCausalLM', 'mistral');
    expect(await read({ ...mistral, sliding_window: 16 })).toMatchObject({ architecture: 'mistral', windows: [16, 16] });
    expect(await read({ ...mistral, sliding_window: null })).toMatchObject({ windows: [null, null] });
    expect(await read(mistral)).toMatchObject({ windows: [4096, 4096] });
  });

  it('Qwen2: biases on query, key and value; windows only where they are switched on', async () => {
    expect(await read({ ...qwen2, sliding_window: 16 })).toMatchObject({
      architecture: 'qwen2',
      attentionBias: true,
      outputBias: false,
      mlpBias: false,
      windows: [null, null],
    });
    const windows = { use_sliding_window: true, sliding_window: 16 };
    expect(await read({ ...qwen2, ...windows, max_window_layers: 1 })).toMatchObject({ windows: [null, 16] });
    expect(await read({ ...qwen2, ...windows })).toMatchObject({ windows: [null, null] });
    const types = { layer_types: ['sliding_attention', 'full_attention'] };
    expect(await read({ ...qwen2, ...windows, ...types })).toMatchObject({ windows: [16, null] });
  });

  it('Qwen3: norms of queries and keys, heads of 128', async () => {
    const qwen3 = named('Qwen3ForCausalLM', 'qwen3');
    expect(await read(qwen3)).toMatchObject({ architecture: 'qwen3', queryKeyNorm: true, headSize: 128, attentionBias: false });
    expect(await read({ ...qwen3, attention_bias: true })).toMatchObject({ attentionBias: true, outputBias: true });
  });

  it('SmolLM3: every fourth layer does not rotate, and slides where windows are switched on', async () => {
    const smolLm3 = { ...named('SmolLM3ForCausalLM', 'smollm3'), num_hidden_layers: 4, sliding_window: 8 };
    expect(await read(smolLm3)).toMatchObject({
      architecture: 'smollm3',
      tiedEmbeddings: true,
      ropeTheta: 2_000_000,
      rotaryLayers: [true, true, true, false],
      windows: [null, null, null, null],
    });
    expect(await read({ ...smolLm3, no_rope_layers: [0, 1, 1, 0], use_sliding_window: true })).toMatchObject({
      rotaryLayers: [false, true, true, false],
      windows: [8, null, null, 8],
    });
  });

  it('Gemma: "gelu" means its tanh form', async () => {
    expect(await read({ ...gemma, hidden_act: 'gelu' })).toMatchObject({ architecture: 'gemma', tiedEmbeddings: true, headSize: 256 });
  });

  it('Gemma 3: two kinds of layers with positions of their own, in the fields of transformers 4 and 5', async () => {
    const expected = {
      architecture: 'gemma3',
      queryKeyNorm: true,
      queryScalar: 64,
      windows: [8, null, 8, null],
      ropeTheta: 500_000,
      ropeScaling: { type: 'linear', factor: 8 },
      localRope: { ropeTheta: 20_000, ropeScaling: null },
    };
    const both = { ...gemma3, query_pre_attn_scalar: 64, sliding_window: 8 };
    const old = { sliding_window_pattern: 2, rope_theta: 500_000, rope_local_base_freq: 20_000 };
    expect(await read({ ...both, ...old, rope_scaling: { rope_type: 'linear', factor: 8 } })).toMatchObject(expected);
    const ropes = {
      full_attention: { rope_type: 'linear', factor: 8, rope_theta: 500_000 },
      sliding_attention: { rope_type: 'default', rope_theta: 20_000 },
    };
    const types = ['sliding_attention', 'full_attention', 'sliding_attention', 'full_attention'];
    expect(await read({ ...both, layer_types: types, rope_parameters: ropes })).toMatchObject(expected);
  });

  it('GPT-2: its own names for sizes, tied embeddings, an MLP four times as wide', async () => {
    expect(await read({ ...gpt2, n_positions: 128, n_inner: null })).toMatchObject({
      architecture: 'gpt2',
      hiddenSize: 64,
      intermediateSize: 256,
      layers: 2,
      attentionHeads: 4,
      keyValueHeads: 4,
      headSize: 16,
      maxPositions: 128,
      tiedEmbeddings: true,
      scaledByHeadSize: true,
      scaledByLayer: false,
    });
  });
});
