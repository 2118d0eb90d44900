import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing } from '../weights/durable.ts';
import type { LoraSettings } from './lora.ts';

/** What makes an adapter beside its tensors. */
export interface AdapterConfig extends Readonly<LoraSettings> {
  /** The adapted layers as PEFT lists them: their names, or ends of names that mean no other layer. */
  targetModules: readonly string[];
  /** Modules whose own weights were trained and are in the file, by their names. */
  modulesToSave?: readonly string[];
  /** Folder or name of the model that the adapter belongs to. */
  baseModel: string;
  /** The adapted weights are stored [in, out], as in GPT-2. The adapter's own tensors are the same either way. */
  fanInFanOut?: boolean;
  /** Among the modules are both copies of the one matrix that the model has for embeddings and output projection. */
  tiesWeights?: boolean;
  /** It makes a model that values texts instead of writing them: its value head is among the modules. */
  valuesTexts?: boolean;
}

export const configFile = 'adapter_config.json';

/** What tasks are called in the file. */
const tasks = { writes: 'CAUSAL_LM', values: 'SEQ_CLS' };

/** `adapter_config.json` as PEFT writes it. Settings that would change the result and are not understood are refused. */
const schema = z.looseObject({
  peft_type: z.string(),
  task_type: z.string().nullish(),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  lora_dropout: z.number().min(0).lt(1).nullish(),
  target_modules: z.union([z.array(z.string()), z.string()]).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  ensure_weight_tying: z.boolean().nullish(),
  base_model_name_or_path: z.string().nullish(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
});
type PeftConfig = z.output<typeof schema>;

/** Kinds of LoRA that compute something else, by the field that turns them on. */
const foreign: Record<string, string> = {
  lora_bias: 'it trains biases (lora_bias)',
  use_qalora: 'it uses QALoRA (use_qalora)',
  use_bdlora: 'it uses block-diagonal LoRA (use_bdlora)',
  target_parameters: 'it adapts bare parameters (target_parameters)',
  trainable_token_indices: 'it trains single tokens (trainable_token_indices)',
  layer_replication: 'it repeats layers (layer_replication)',
  alora_invocation_tokens: 'it is an activated LoRA (alora_invocation_tokens)',
  arrow_config: 'it routes between adapters (arrow_config)',
  kasa_config: 'it uses KaSA (kasa_config)',
  velora_config: 'it uses VeLoRA (velora_config)',
  monteclora_config: 'it uses MonteCLoRA (monteclora_config)',
};

/** Starts that change the base weights, so that the adapter does not fit the model as it was downloaded. */
const changesBase = /^(pissa|olora|corda|loftq|lora_ga)/;

/** What PEFT calls the settings of an adapter. */
export function peftConfig(config: AdapterConfig): Record<string, unknown> {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: config.baseModel,
    bias: 'none',
    fan_in_fan_out: config.fanInFanOut ?? false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout ?? 0,
    modules_to_save: config.modulesToSave?.length ? config.modulesToSave : null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    revision: null,
    target_modules: config.targetModules,
    task_type: config.valuesTexts ? tasks.values : tasks.writes,
    // Older versions of PEFT do not know it.
    ...(config.tiesWeights ? { ensure_weight_tying: true } : {}),
    use_dora: config.dora ?? false,
    use_rslora: config.rsLora ?? false,
  };
}

/**
 * Reads the settings of an adapter folder.
 * @returns the settings; `targetModules` is null where they are a regular expression or left to PEFT.
 * @throws EngineError ADAPTER_BROKEN where the file is missing, damaged, or asks for what is not supported
 */
export async function readPeftConfig(folder: string): Promise<Omit<AdapterConfig, 'targetModules'> & { targetModules: string[] | null }> {
  const path = join(folder, configFile);
  const parsed = schema.safeParse(await readJson(folder, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw broken(`${path}: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'unreadable'}`);
  }
  const config = parsed.data;
  const unsupported = findUnsupported(config);
  if (unsupported !== null) throw broken(`${path}: ${unsupported}. Supported: LoRA, rsLoRA and DoRA on linear layers, and modules_to_save`);
  return {
    rank: config.r,
    alpha: config.lora_alpha,
    rsLora: config.use_rslora ?? false,
    dora: config.use_dora ?? false,
    dropout: config.lora_dropout ?? 0,
    targetModules: Array.isArray(config.target_modules) ? config.target_modules : null,
    modulesToSave: config.modules_to_save ?? [],
    baseModel: config.base_model_name_or_path ?? '',
    tiesWeights: config.ensure_weight_tying ?? false,
    valuesTexts: config.task_type === tasks.values,
  };
}

function findUnsupported(config: PeftConfig): string | null {
  if (config.peft_type !== 'LORA') return `peft_type is "${config.peft_type}"`;
  if (![null, undefined, ...Object.values(tasks)].includes(config.task_type)) return `its task is ${config.task_type}`;
  if ((config.bias ?? 'none') !== 'none') return 'it trains biases (bias)';
  if (Object.keys({ ...config.rank_pattern, ...config.alpha_pattern }).length > 0)
    return 'its rank or alpha differs between layers (rank_pattern, alpha_pattern)';
  const start = String(config.init_lora_weights ?? '');
  if (changesBase.test(start)) return `it changes the base weights when it starts (init_lora_weights: ${start}); convert it to plain LoRA`;
  const on = (value: unknown) => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false);
  return Object.entries(foreign).find(([field]) => on(config[field]))?.[1] ?? null;
}

async function readJson(folder: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) throw broken(`${folder} is not an adapter folder: it has no ${configFile}`, error);
    throw broken(`${path} cannot be read or is not JSON`, error);
  }
}

export function broken(problem: string, cause?: unknown): EngineError {
  return new EngineError('ADAPTER_BROKEN', `The adapter cannot be used: ${problem.replace(/\.$/, '')}.`, { cause });
}
