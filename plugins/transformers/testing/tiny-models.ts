import fs from 'node:fs/promises';
import path from 'node:path';
import { exportModel, loadTokenizer } from '@anneal/engine';
import { writeModelFiles, writeTinyModel } from '@anneal/engine/testing';

type Parts = Parameters<typeof writeModelFiles>[1];

/** What the tiny model that turns texts into others always writes. */
export const fixedText = 'function add';

/**
 * Folders as Transformers.js wants them: `text`, a tiny Llama of our own exporter; `vectors`, whose tokens have fixed random vectors;
 * `fixed`, which writes `fixedText` whatever it is given.
 */
export async function writeTinyOnnxModels(folder: string): Promise<{ text: string; vectors: string; fixed: string; base: string }> {
  const { model: base } = await writeTinyModel(folder);
  await giveTemplate(base);
  const places = { text: path.join(folder, 'text'), vectors: path.join(folder, 'vectors'), fixed: path.join(folder, 'fixed'), base };
  await exportModel({ format: 'onnx', base, out: places.text });
  const tokenizer = await loadTokenizer(base);
  const size = 320;

  await writeConfig(places.vectors, base, { model_type: 'bert', architectures: ['BertModel'], max_position_embeddings: 128 });
  await writeLookup(places.vectors, 'model', {
    table: randomTable(size, 16),
    width: 16,
    output: 'last_hidden_state',
    more: ['attention_mask'],
  });

  const start = size - 1;
  const sizes = { num_layers: 0, num_decoder_layers: 0, num_heads: 1, d_kv: 1, d_model: 4, vocab_size: size };
  const tokens = { decoder_start_token_id: start, eos_token_id: 0, pad_token_id: 0 };
  await writeConfig(places.fixed, base, { model_type: 't5', is_encoder_decoder: true, ...sizes, ...tokens });
  await writeLookup(places.fixed, 'encoder_model', {
    table: randomTable(size, 4),
    width: 4,
    output: 'last_hidden_state',
    more: ['attention_mask'],
  });
  const chain = [start, ...tokenizer.encode(fixedText), 0];
  const next = new Float32Array(size * size);
  for (const [position, token] of chain.slice(0, -1).entries()) next[token * size + (chain[position + 1] ?? 0)] = 1;
  const states = { name: 'encoder_hidden_states', dtype: 'float32', shape: ['batch', 'question', 4] } as const;
  await writeLookup(places.fixed, 'decoder_model_merged', {
    table: next,
    width: size,
    output: 'logits',
    more: ['encoder_attention_mask'],
    states,
  });
  return places;
}

/** A model that looks each token up in a table of float32 [tokens, width], and does not look at what else it is given. */
async function writeLookup(
  folder: string,
  name: string,
  {
    table,
    width,
    output,
    more,
    states,
  }: { table: Float32Array; width: number; output: string; more: string[]; states?: Parts['inputs'][number] },
): Promise<void> {
  const onnx = path.join(folder, 'onnx');
  await fs.mkdir(onnx, { recursive: true });
  const ids = ['input_ids', ...more].map((input) => ({ name: input, dtype: 'int64' as const, shape: ['batch', input] }));
  const parts: Parts = {
    nodes: [{ type: 'Gather', inputs: ['table', 'input_ids'], outputs: [output], attributes: {}, domain: '' }],
    inputs: states ? [...ids, states] : ids,
    outputs: [{ name: output, dtype: 'float32', shape: ['batch', 'input_ids', width] }],
    constants: [],
    weights: [{ name: 'table', shape: [table.length / width, width] }],
  };
  await writeModelFiles(onnx, parts, async () => table, { inlineBytes: Infinity, fileBytes: Infinity });
  if (name !== 'model') await fs.rename(path.join(onnx, 'model.onnx'), path.join(onnx, `${name}.onnx`));
}

/** A template that writes each turn on a line of its own. */
async function giveTemplate(folder: string): Promise<void> {
  const file = path.join(folder, 'tokenizer_config.json');
  const config: unknown = JSON.parse(await fs.readFile(file, 'utf8'));
  const template = "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}";
  await fs.writeFile(file, JSON.stringify(Object.assign({}, config, { chat_template: template })));
}

async function writeConfig(folder: string, base: string, config: Record<string, unknown>): Promise<void> {
  await fs.mkdir(folder, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) await fs.copyFile(path.join(base, file), path.join(folder, file));
  await fs.writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
}

/** The same at each call: sines. */
const randomTable = (rows: number, width: number): Float32Array =>
  Float32Array.from({ length: rows * width }, (_, index) => Math.sin(index * index));
