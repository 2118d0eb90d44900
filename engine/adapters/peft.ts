import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing, writeAll, writeDurably } from '../weights/durable.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';

/** What makes a LoRA adapter beside its tensors. */
export interface AdapterConfig {
  rank: number;
  /** The update is scaled by alpha / rank. */
  alpha: number;
  /** Last parts of the names of the adapted layers: `q_proj`. */
  targetModules: readonly string[];
  /** Folder or name of the model that the adapter belongs to. */
  baseModel: string;
}

/** lora_A: [rank, in]; lora_B: [out, rank]. Named as PEFT does: `base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`. */
export interface AdapterTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

export interface LoadedAdapter {
  config: AdapterConfig;
  tensors: Map<string, { shape: number[]; data: Float32Array }>;
}

const configFile = 'adapter_config.json';
const weightsFile = 'adapter_model.safetensors';

/** `adapter_config.json` as PEFT writes it. Settings that would change the result and are not understood are refused. */
const configSchema = z.looseObject({
  peft_type: z.string(),
  r: z.int().min(1),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.array(z.string()), z.string()]).nullish(),
  base_model_name_or_path: z.string().nullish(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  fan_in_fan_out: z.boolean().nullish(),
  bias: z.string().nullish(),
  lora_bias: z.boolean().nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  use_qalora: z.boolean().nullish(),
  trainable_token_indices: z.unknown().optional(),
  target_parameters: z.array(z.string()).nullish(),
  layer_replication: z.unknown().optional(),
  alora_invocation_tokens: z.unknown().optional(),
});
type PeftConfig = z.output<typeof configSchema>;

/**
 * Writes a LoRA adapter as a folder that PEFT loads (`PeftModel.from_pretrained`), in float32.
 * @throws RangeError where a tensor does not fit the configuration
 */
export async function saveAdapter(
  folder: string,
  { config, tensors }: { config: AdapterConfig; tensors: readonly AdapterTensor[] },
): Promise<void> {
  const problem = findProblem(config.rank, new Map(tensors.map(({ name, shape }) => [name, shape])));
  if (problem !== null) throw new RangeError(`The adapter cannot be saved: ${problem}`);
  await mkdir(folder, { recursive: true });
  await writeSafetensors(
    join(folder, weightsFile),
    tensors.map(({ name, shape, data }) => ({ name, dtype: 'F32', shape, data })),
    { format: 'pt' },
  );
  const content = new TextEncoder().encode(`${JSON.stringify(peftConfig(config), null, 2)}\n`);
  await writeDurably(join(folder, configFile), (handle) => writeAll(handle, content));
}

function peftConfig({ rank, alpha, targetModules, baseModel }: AdapterConfig): Record<string, unknown> {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: rank,
    rank_pattern: {},
    revision: null,
    target_modules: targetModules,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
}

/**
 * Reads an adapter folder as PEFT or `saveAdapter` wrote it. A rank-stabilised adapter (alpha / √rank) is given back with
 * the alpha that means the same under alpha / rank.
 * @throws EngineError `ADAPTER_BROKEN` where a file is missing, damaged, contradicts itself, or uses what is not supported
 */
export async function loadAdapter(folder: string): Promise<LoadedAdapter> {
  const config = await readConfig(folder);
  const tensors = await readTensors(folder);
  const path = join(folder, weightsFile);
  if (tensors.size === 0) throw broken(`${path} has no tensors`);
  const problem = findProblem(config.r, new Map([...tensors].map(([name, { shape }]) => [name, shape])));
  if (problem !== null) throw broken(`${path} contradicts ${configFile} or the format: ${problem}`);
  const modules = [...new Set([...tensors.keys()].flatMap((name) => layerOf(name)?.split('.').at(-1) ?? []))];
  const named = Array.isArray(config.target_modules) ? config.target_modules : null;
  const stray = named && [...tensors.keys()].find((name) => !named.some((target) => matches(layerOf(name) ?? '', target)));
  if (stray) throw broken(`${path} has the tensor "${stray}", but target_modules of ${configFile} are ${named.join(', ')}`);
  return {
    config: {
      rank: config.r,
      alpha: config.use_rslora ? config.lora_alpha * Math.sqrt(config.r) : config.lora_alpha,
      targetModules: named ?? modules,
      baseModel: config.base_model_name_or_path ?? '',
    },
    tensors,
  };
}

function matches(layer: string, target: string): boolean {
  return layer === target || layer.endsWith(`.${target}`);
}

/** `base_model.model.model.layers.0.mlp.up_proj` of a tensor's name, or null where it is not one of a LoRA pair. */
function layerOf(name: string): string | null {
  return /^(base_model\.model\..+)\.lora_[AB]\.weight$/.exec(name)?.[1] ?? null;
}

/** Every layer has both of its matrices, and their shapes agree with the rank. @returns what is wrong, or null */
function findProblem(rank: number, shapes: ReadonlyMap<string, readonly number[]>): string | null {
  for (const [name, shape] of shapes) {
    const layer = layerOf(name);
    if (layer === null) return `the tensor "${name}" is not base_model.model.….lora_A.weight or ….lora_B.weight.`;
    const isA = name.endsWith('.lora_A.weight');
    const partner = `${layer}.lora_${isA ? 'B' : 'A'}.weight`;
    if (!shapes.has(partner)) return `"${name}" is there, but not "${partner}".`;
    const expected = isA ? `[${rank}, in]` : `[out, ${rank}]`;
    if (shape.length !== 2 || shape[isA ? 0 : 1] !== rank)
      return `"${name}" has the shape [${shape.join(', ')}], rank ${rank} needs ${expected}.`;
  }
  return null;
}

async function readConfig(folder: string): Promise<PeftConfig> {
  const path = join(folder, configFile);
  const parsed = configSchema.safeParse(await readJson(folder, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw broken(`${path}: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'unreadable'}`);
  }
  const unsupported = findUnsupported(parsed.data);
  if (unsupported !== null) throw broken(`${path}: ${unsupported}. Supported: plain LoRA on linear layers`);
  return parsed.data;
}

function findUnsupported(config: PeftConfig): string | null {
  if (config.peft_type !== 'LORA') return `peft_type is "${config.peft_type}"`;
  if (config.use_dora) return 'it uses DoRA (use_dora)';
  if (config.use_qalora) return 'it uses QALoRA (use_qalora)';
  if (config.fan_in_fan_out) return 'its weights are transposed (fan_in_fan_out)';
  if ((config.bias ?? 'none') !== 'none' || config.lora_bias) return 'it trains biases';
  if (config.modules_to_save?.length) return `it has whole modules (modules_to_save: ${config.modules_to_save.join(', ')})`;
  if (config.target_parameters?.length) return 'it adapts bare parameters (target_parameters)';
  if (config.trainable_token_indices != null) return 'it trains single tokens (trainable_token_indices)';
  if (config.layer_replication != null) return 'it repeats layers (layer_replication)';
  if (config.alora_invocation_tokens != null) return 'it is an activated LoRA (alora_invocation_tokens)';
  if (Object.keys({ ...config.rank_pattern, ...config.alpha_pattern }).length > 0)
    return 'its rank or alpha differs between layers (rank_pattern, alpha_pattern)';
  return null;
}

async function readJson(folder: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) throw broken(`${folder} is not an adapter folder: it has no ${configFile}`, error);
    throw broken(`${path} cannot be read or is not JSON`, error);
  }
}

async function readTensors(folder: string): Promise<LoadedAdapter['tensors']> {
  if (!(await readdir(folder)).includes(weightsFile)) {
    const hint = (await readdir(folder)).includes('adapter_model.bin')
      ? ' (adapter_model.bin is a pickle and is not read: save it with safe_serialization=True)'
      : '';
    throw broken(`${folder} has no ${weightsFile}${hint}`);
  }
  try {
    return (await readSafetensors(join(folder, weightsFile))).tensors;
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError('ADAPTER_BROKEN', error.message, { issues: error.issues, cause: error });
    throw error;
  }
}

function broken(problem: string, cause?: unknown): EngineError {
  return new EngineError('ADAPTER_BROKEN', `The adapter cannot be used: ${problem.replace(/\.$/, '')}.`, { cause });
}
