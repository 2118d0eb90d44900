import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { initializeModel } from '../../models/initialize.ts';
import { type LoadedModel, loadModel } from '../../models/load.ts';
import { saveModel } from '../../models/save.ts';
import { writeTinyModel } from '../../testing/index.ts';
import { loadTokenizer } from '../../tokenizer/tokenizer.ts';
import { exportModel } from '../export-model.ts';
import { readGguf } from './read-gguf.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'anneal-gguf-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Precision = 'F32' | 'F16' | 'Q8_0';
async function toGguf(base: string, precision: Precision) {
  const out = path.join(folder, `out-${precision}`);
  const { files, notes } = await exportModel({ format: 'gguf', base, out, precision });
  expect(files.map((file) => file.path)).toEqual([`model-${precision.toLowerCase()}.gguf`]);
  return { ...readGguf(await readFile(path.join(out, files[0]?.path ?? ''))), notes };
}

/** A small model of another family with the tiny model's tokenizer. Norms and biases get values too. */
async function writeModel(config: Record<string, unknown>): Promise<{ base: string; model: LoadedModel }> {
  const { model: tiny } = await writeTinyModel(folder);
  const [source, base] = [path.join(folder, 'other-source'), path.join(folder, 'other')];
  await mkdir(source);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) await copyFile(path.join(tiny, name), path.join(source, name));
  const vocabulary = z.object({ vocab_size: z.int() }).parse(JSON.parse(await readFile(path.join(tiny, 'config.json'), 'utf8')));
  await writeFile(path.join(source, 'config.json'), JSON.stringify({ ...vocabulary, eos_token_id: 0, ...config }));
  const model = await initializeModel(source, 3);
  for (const [name, data] of model.weights) if (/norm|ln_|bias/.test(name)) data.forEach((_, index) => (data[index] = index / 64 - 0.2));
  await saveModel(base, model, 'F32', source);
  return { base, model };
}

const llamaLike = {
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
};
const blockNames = ['attn_norm', 'attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_norm', 'ffn_gate', 'ffn_up', 'ffn_down'];

it('says in its metadata what the model is and how its tokenizer works', async () => {
  const { model } = await writeTinyModel(folder);
  const { version, metadata } = await toGguf(model, 'F16');
  const config = await loadModel(model);
  const tokenizer = await loadTokenizer(model);
  expect(version).toBe(3);
  expect(Object.fromEntries([...metadata].filter(([key]) => !key.startsWith('tokenizer.')))).toEqual({
    'general.architecture': 'llama',
    'general.type': 'model',
    'general.name': 'out-F16',
    'general.file_type': 1,
    'general.quantization_version': 2,
    'llama.vocab_size': config.config.vocabularySize,
    'llama.context_length': 128,
    'llama.embedding_length': 32,
    'llama.block_count': 2,
    'llama.feed_forward_length': 48,
    'llama.attention.head_count': 4,
    'llama.attention.head_count_kv': 2,
    'llama.attention.key_length': 8,
    'llama.attention.value_length': 8,
    'llama.attention.layer_norm_rms_epsilon': Math.fround(1e-5),
    'llama.rope.dimension_count': 8,
    'llama.rope.freq_base': 10000,
  });
  const tokens = z.array(z.string()).parse(metadata.get('tokenizer.ggml.tokens'));
  expect(tokens).toHaveLength(config.config.vocabularySize);
  expect(tokens.every((token, id) => tokenizer.tokenId(token) === id)).toBe(true);
  expect(metadata.get('tokenizer.ggml.model')).toBe('gpt2');
  const types = z.array(z.int()).parse(metadata.get('tokenizer.ggml.token_type'));
  expect(tokens.filter((_, id) => types[id] === 3)).toEqual(['<|end|>', '<|user|>', '<|assistant|>']);
  const merges = z.array(z.string()).parse(metadata.get('tokenizer.ggml.merges'));
  expect(merges.length).toBeGreaterThan(10);
  for (const merge of merges) expect(tokens).toContain(merge.replace(' ', ''));
  expect(metadata.get('tokenizer.ggml.eos_token_id')).toBe(tokenizer.eosTokenId);
  expect(metadata.get('tokenizer.ggml.padding_token_id')).toBe(tokenizer.padTokenId);
  expect(metadata.has('tokenizer.ggml.bos_token_id')).toBe(false);
  expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(false);
  expect(metadata.get('tokenizer.chat_template')).toContain('<|assistant|>');
});

describe('tensors', () => {
  it.each([
    ['F32', 0],
    ['F16', 2 ** -11],
    ['Q8_0', 0.5 / 127 + 2 ** -11],
  ] as const)('of %s are those of the model, heads of queries and keys in pairs', async (precision, tolerance) => {
    const { base, model } = await writeModel({ ...llamaLike, architectures: ['LlamaForCausalLM'], tie_word_embeddings: false });
    const { tensors } = await toGguf(base, precision);
    const layer = blockNames.map((name) => `blk.0.${name}.weight`);
    expect([...tensors.keys()].sort()).toEqual([...layer, 'token_embd.weight', 'output_norm.weight', 'output.weight'].sort());

    const compare = (name: string, from: string, rowOf = (row: number) => row) => {
      const { sizes, values, type } = tensors.get(name) ?? { sizes: [], values: [], type: -1 };
      const source = model.weights.get(from) ?? new Float32Array();
      const [columns = 1, rows = 1] = sizes;
      expect(source).toHaveLength(columns * rows);
      expect(type).toBe(sizes.length === 1 ? 0 : { F32: 0, F16: 1, Q8_0: 8 }[precision]);
      for (let row = 0; row < rows; row++) {
        const [written, wanted] = [values.slice(row * columns, (row + 1) * columns), source.subarray(rowOf(row) * columns)];
        // F16: relative to each value. Q8_0: half a step, which is 1 / 127 of the largest of 32, and the step is rounded to half precision.
        written.forEach((value, column) => {
          const block = wanted.subarray(column - (column % 32), column - (column % 32) + 32);
          const size = precision === 'Q8_0' ? Math.max(...block.map(Math.abs)) : Math.abs(wanted[column] ?? NaN);
          const error = Math.abs(value - (wanted[column] ?? NaN));
          if (!(error <= (type === 0 ? 0 : size * tolerance + 2 ** -25))) expect.fail(`${name} [${row}, ${column}] is off by ${error}`);
        });
      }
    };
    const headSize = 8;
    const inPairs = (row: number) => row - (row % headSize) + (row % 2) * (headSize / 2) + Math.floor((row % headSize) / 2);
    compare('blk.0.attn_q.weight', 'model.layers.0.self_attn.q_proj.weight', inPairs);
    compare('blk.0.attn_k.weight', 'model.layers.0.self_attn.k_proj.weight', inPairs);
    compare('blk.0.attn_v.weight', 'model.layers.0.self_attn.v_proj.weight');
    compare('blk.0.attn_output.weight', 'model.layers.0.self_attn.o_proj.weight');
    compare('blk.0.ffn_gate.weight', 'model.layers.0.mlp.gate_proj.weight');
    compare('blk.0.ffn_up.weight', 'model.layers.0.mlp.up_proj.weight');
    compare('blk.0.ffn_down.weight', 'model.layers.0.mlp.down_proj.weight');
    compare('blk.0.attn_norm.weight', 'model.layers.0.input_layernorm.weight');
    compare('blk.0.ffn_norm.weight', 'model.layers.0.post_attention_layernorm.weight');
    compare('token_embd.weight', 'model.embed_tokens.weight');
    compare('output_norm.weight', 'model.norm.weight');
    compare('output.weight', 'lm_head.weight');
  });

  it('that do not divide into blocks of Q8_0 are stored in half precision', async () => {
    const { model } = await writeTinyModel(folder);
    const { tensors, metadata } = await toGguf(model, 'Q8_0');
    expect(metadata.get('general.file_type')).toBe(7);
    expect(tensors.get('blk.0.attn_q.weight')?.type).toBe(8);
    expect(tensors.get('blk.0.ffn_down.weight')).toMatchObject({ sizes: [48, 32], type: 1 });
  });

  it('of Qwen2 keep the halves of each head, and have biases', async () => {
    const { base, model } = await writeModel({ ...llamaLike, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' });
    const { tensors, metadata } = await toGguf(base, 'F32');
    expect(metadata.get('general.architecture')).toBe('qwen2');
    const biases = ['attn_q', 'attn_k', 'attn_v'].map((name) => `blk.0.${name}.bias`);
    const layer = blockNames.map((name) => `blk.0.${name}.weight`);
    expect([...tensors.keys()].sort()).toEqual([...layer, ...biases, 'token_embd.weight', 'output_norm.weight'].sort());
    for (const part of ['weight', 'bias']) {
      const source = model.weights.get(`model.layers.0.self_attn.q_proj.${part}`) ?? [];
      expect(tensors.get(`blk.0.attn_q.${part}`)?.values).toEqual([...source]);
    }
  });

  it('of Gemma have norms as they are multiplied, and heads of their own size', async () => {
    const config = {
      ...llamaLike,
      architectures: ['GemmaForCausalLM'],
      model_type: 'gemma',
      head_dim: 16,
      hidden_act: 'gelu_pytorch_tanh',
    };
    const { base, model } = await writeModel(config);
    const { tensors, metadata } = await toGguf(base, 'F32');
    expect(metadata.get('gemma.attention.key_length')).toBe(16);
    const stored = model.weights.get('model.norm.weight') ?? new Float32Array();
    expect(tensors.get('output_norm.weight')?.values).toEqual([...stored].map((value) => Math.fround(value + 1)));
  });

  it('of GPT-2 are turned to [out, in]', async () => {
    const config = { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_embd: 32, n_layer: 1, n_head: 4, n_positions: 16 };
    const { base, model } = await writeModel(config);
    const { tensors, metadata } = await toGguf(base, 'Q8_0');
    expect(metadata.get('gpt2.attention.layer_norm_epsilon')).toBe(Math.fround(1e-5));
    const names = ['attn_norm', 'attn_qkv', 'attn_output', 'ffn_norm', 'ffn_up', 'ffn_down'].flatMap((name) => [
      `blk.0.${name}.weight`,
      `blk.0.${name}.bias`,
    ]);
    const others = ['token_embd.weight', 'position_embd.weight', 'output_norm.weight', 'output_norm.bias'];
    expect([...tensors.keys()].sort()).toEqual([...names, ...others].sort());
    expect(tensors.get('position_embd.weight')?.type).toBe(0);
    const up = tensors.get('blk.0.ffn_up.weight');
    const source = model.weights.get('transformer.h.0.mlp.c_fc.weight') ?? new Float32Array();
    expect(up?.sizes).toEqual([32, 128]);
    for (const [output, input] of [
      [0, 1],
      [5, 31],
      [127, 0],
    ] as const)
      expect(up?.values[output * 32 + input]).toBeCloseTo(source[input * 128 + output] ?? NaN, 3);
  });

  it('carry the rotary factors of Llama 3', async () => {
    const scaling = { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 16 };
    const { base } = await writeModel({ ...llamaLike, architectures: ['LlamaForCausalLM'], rope_scaling: scaling });
    const factors = (await toGguf(base, 'F16')).tensors.get('rope_freqs.weight')?.values ?? [];
    // Wavelengths 2π, 63, 628 and 6283 against 16 / 4 and 16 / 1 positions: one in between, three stretched.
    expect(factors).toHaveLength(4);
    expect(factors.slice(1)).toEqual([8, 8, 8]);
    const smooth = (16 / (2 * Math.PI) - 1) / 3;
    expect(factors[0]).toBeCloseTo(1 / ((1 - smooth) / 8 + smooth), 5);
  });
});

it('scores the tokens of a SentencePiece-like vocabulary so that the same merges follow', async () => {
  const golden = new URL('../../tokenizer/golden/', import.meta.url);
  const json = z.object({ model: z.object({ vocab: z.record(z.string(), z.int()) }) });
  const { model } = json.parse(JSON.parse(await readFile(new URL('sentencepiece/tokenizer.json', golden), 'utf8')));
  const { base } = await writeModel({ ...llamaLike, architectures: ['LlamaForCausalLM'], vocab_size: Object.keys(model.vocab).length + 2 });
  await copyFile(new URL('sentencepiece/tokenizer.json', golden), path.join(base, 'tokenizer.json'));
  const special = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };
  await writeFile(path.join(base, 'tokenizer_config.json'), JSON.stringify(special));
  const { metadata } = await toGguf(base, 'F16');
  const [tokens, scores, types] = [
    z.array(z.string()).parse(metadata.get('tokenizer.ggml.tokens')),
    z.array(z.number()).parse(metadata.get('tokenizer.ggml.scores')),
    z.array(z.int()).parse(metadata.get('tokenizer.ggml.token_type')),
  ];
  expect(metadata.get('tokenizer.ggml.model')).toBe('llama');
  expect(metadata.get('tokenizer.ggml.add_space_prefix')).toBe(true);
  expect(metadata.get('tokenizer.ggml.add_bos_token')).toBe(true);
  expect(metadata.get('tokenizer.ggml.unknown_token_id')).toBe(0);
  expect(types.slice(0, 4)).toEqual([2, 3, 3, 6]);
  expect(tokens.slice(-2)).toEqual([`[PAD${tokens.length - 2}]`, `[PAD${tokens.length - 1}]`]);

  /** SentencePiece: of all neighbours the pair whose token has the highest score is merged, the first of equals. */
  const encode = (text: string): number[] => {
    const parts = [...`▁${text.replaceAll(' ', '▁')}`];
    for (;;) {
      const ranked = parts.slice(1).map((part, index) => tokens.indexOf((parts[index] ?? '') + part));
      const best = ranked.reduce((chosen, id, index) => {
        const before = ranked[chosen] ?? -1;
        return id >= 0 && (before < 0 || (scores[id] ?? 0) > (scores[before] ?? 0)) ? index : chosen;
      }, 0);
      const id = ranked[best] ?? -1;
      if (id < 0) break;
      parts.splice(best, 2, tokens[id] ?? '');
    }
    return parts.flatMap((part) => {
      const id = tokens.indexOf(part);
      const bytes = [...new TextEncoder().encode(part)].map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
      return id >= 0 ? [id] : bytes.map((byte) => tokens.indexOf(byte));
    });
  };
  const tokenizer = await loadTokenizer(base);
  for (const text of ['function add(a, b) {', 'return the sum of all numbers', 'Grüße 12 🚀'])
    expect(encode(text)).toEqual(tokenizer.encode(text, { addSpecialTokens: false }));
});

describe('says why not', () => {
  it('for a model that llama.cpp cannot run, and what is possible', async () => {
    const gpt2 = { architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', n_embd: 32, n_layer: 1, n_head: 4, n_positions: 16 };
    const { base } = await writeModel({ ...gpt2, scale_attn_by_inverse_layer_idx: true });
    await expect(toGguf(base, 'F16')).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/scale_attn_by_inverse_layer_idx.*merged, adapter, onnx/),
    });
  });

  it('for a weight that half precision cannot hold', async () => {
    const { base, model } = await writeModel({ ...llamaLike, architectures: ['LlamaForCausalLM'] });
    model.weights.get('model.layers.0.mlp.up_proj.weight')?.fill(70_000, 5, 6);
    await saveModel(base, model, 'F32', base);
    await expect(toGguf(base, 'F16')).rejects.toThrow('model.layers.0.mlp.up_proj.weight has values that F16 cannot hold');
    expect((await toGguf(base, 'Q8_0')).tensors.get('blk.0.ffn_up.weight')?.values[5]).toBeCloseTo(70_000, -2);
  });

  it('for a tokenizer of another kind', async () => {
    const { model } = await writeTinyModel(folder);
    const unigram = {
      model: {
        type: 'Unigram',
        unk_id: 0,
        vocab: [
          ['<unk>', 0],
          ['a', -1],
        ],
      },
      added_tokens: [],
    };
    await writeFile(path.join(model, 'tokenizer.json'), JSON.stringify(unigram));
    await writeFile(path.join(model, 'tokenizer_config.json'), JSON.stringify({ eos_token: 'a' }));
    await expect(toGguf(model, 'F16')).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
  });
});
