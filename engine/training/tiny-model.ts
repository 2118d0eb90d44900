import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { initializeModel } from '../models/initialize.ts';
import { saveModel } from '../models/save.ts';
import { corpusDocuments } from '../synthetic/corpus.ts';
import { trainBpe, writeTokenizer } from '../tokenizer/train-bpe.ts';

/** Writes a whole model folder with random weights, small enough to train a step in milliseconds. For tests. */
export async function writeTinyModel(folder: string, overrides: Record<string, unknown> = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  const sample: string[] = [];
  for (const document of corpusDocuments(1)) if (sample.push(document) === 40) break;
  const vocabulary = trainBpe(sample, 384);
  await writeTokenizer(folder, vocabulary, 128);
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 384,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: true,
    eos_token_id: 0,
    pad_token_id: 0,
    ...overrides,
  };
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
  await saveModel(folder, await initializeModel(folder, 3), 'F32', folder);
  return folder;
}

/** Rows that a tiny model can learn something from. */
export const tinyRows = (count: number): { prompt: string; completion: string }[] =>
  Array.from({ length: count }, (_, index) => ({ prompt: `add ${index % 7}`, completion: `function add${index % 7}(n) {\n  return n + ${index % 7};\n}` }));
