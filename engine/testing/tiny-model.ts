import fs from 'node:fs/promises';
import path from 'node:path';
import type { TrainingConfigInput } from '../config.ts';
import { initializeModel } from '../models/initialize.ts';
import { saveModel } from '../models/save.ts';
import { trainBpe, writeTokenizer } from '../tokenizer/train-bpe.ts';

const rows = Array.from({ length: 40 }, (_, index) => ({
  prompt: `add ${index % 7}`,
  completion: `function add${index % 7}(n) {\n  return n + ${index % 7};\n}`,
}));

/**
 * Writes a model of a few thousand random weights with its tokenizer, and a small dataset: what a real run needs, in a second.
 * @param kind fields of config.json that make it another model than a Llama.
 * @returns their places, for a configuration.
 */
export async function writeTinyModel(folder: string, kind: Record<string, unknown> = {}): Promise<{ model: string; data: string }> {
  const [source, model, data] = [path.join(folder, 'source'), path.join(folder, 'model'), path.join(folder, 'rows.jsonl')];
  await fs.mkdir(source, { recursive: true });
  const vocabulary = trainBpe(
    rows.flatMap(({ prompt, completion }) => [prompt, completion]),
    300,
  );
  await writeTokenizer(source, vocabulary, 128);
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: vocabulary.tokens.length,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    hidden_act: 'silu',
    tie_word_embeddings: true,
    eos_token_id: 0,
    pad_token_id: 0,
    ...kind,
  };
  await fs.writeFile(path.join(source, 'config.json'), JSON.stringify(config));
  await saveModel(model, await initializeModel(source, 1), 'F32', source);
  await fs.writeFile(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return { model, data };
}

/** Trains the tiny model for some steps, with evaluations and checkpoints in between. */
export const tinyConfig = (places: { model: string; data: string }, steps: number) =>
  ({
    model: { base: places.model },
    data: { path: places.data, maxLength: 64, validationShare: 0.1 },
    method: { rank: 2 },
    optimizer: { learningRate: 1e-2 },
    schedule: { epochs: 1000, maxSteps: steps, batchSize: 4 },
    run: { evaluateEvery: 10, checkpointEvery: 7, threads: 1 },
  }) satisfies TrainingConfigInput;
