import { z } from 'zod';
import { ConfigFile } from './config-file.ts';
import { families } from './families.ts';
import type { Gemma3Config } from './gemma3.ts';
import type { GemmaConfig } from './gemma.ts';
import type { Gpt2Config } from './gpt2.ts';
import type { LlamaConfig } from './llama.ts';
import type { MistralConfig } from './mistral.ts';
import type { Qwen2Config } from './qwen2.ts';
import type { Qwen3Config } from './qwen3.ts';
import type { SmolLm3Config } from './smollm3.ts';

/** A model's `config.json`, checked and under one set of names whatever version of transformers wrote it. */
export type ModelConfig = LlamaConfig | MistralConfig | Qwen2Config | Qwen3Config | SmolLm3Config | GemmaConfig | Gemma3Config | Gpt2Config;

export type Architecture = ModelConfig['architecture'];

const kindSchema = z.looseObject({ model_type: z.string().nullish(), architectures: z.array(z.string()).nullish() });

/** `LlamaForSequenceClassification` for `LlamaForCausalLM`: the same model with a value head [1, hidden] for an output projection. */
export const valuingClass = (className: string): string => className.replace(/(ForCausalLM|LMHeadModel)$/, 'ForSequenceClassification');

/**
 * Reads and checks `config.json` of a Hugging Face model folder.
 * @param task what the model is to do: write texts, or value them with a number.
 * @throws EngineError `MODEL_NOT_FOUND`, `MODEL_UNSUPPORTED` (says what is supported), `MODEL_BROKEN` (names the field)
 */
export async function readModelConfig(folder: string, task: 'writes' | 'values' = 'writes'): Promise<ModelConfig> {
  const file = await ConfigFile.open(folder);
  const { model_type: type, architectures } = file.fields(kindSchema);
  const classes = architectures && architectures.length > 0 ? architectures : null;
  const all = Object.values(families);
  const named = (className: string) => (task === 'values' ? valuingClass(className) : className);
  const family = all.find(({ className, modelType }) =>
    classes ? classes.includes(named(className)) && (type ?? modelType) === modelType : type === modelType,
  );
  if (family) return family.readConfig(file);
  const what = classes
    ? `its architecture is ${classes.join(', ')}`
    : type
      ? `its model_type is "${type}"`
      : 'it names neither model_type nor architectures';
  throw file.unsupported(what, `Supported: ${all.map(({ className }) => named(className)).join(', ')}.`);
}
