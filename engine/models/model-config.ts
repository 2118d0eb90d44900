import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing } from '../weights/durable.ts';
import { normalizeRopeScaling, ropeParametersSchema, supportedRopeTypes, type RopeParameters, type RopeScaling } from './rope-scaling.ts';

/** A model's `config.json`, checked and under one set of names whatever version of transformers wrote it. */
export interface ModelConfig {
  architecture: 'llama';
  vocabularySize: number;
  /** Width of the residual stream. */
  hiddenSize: number;
  /** Width inside the gated MLP. */
  intermediateSize: number;
  layers: number;
  attentionHeads: number;
  /** Heads of keys and values; fewer than `attentionHeads` in grouped-query attention. */
  keyValueHeads: number;
  /** Width of one head. Even. */
  headSize: number;
  rmsNormEpsilon: number;
  ropeTheta: number;
  ropeScaling: RopeScaling | null;
  /** Longest sequence, in tokens, that the model is made for. */
  maxPositions: number;
  /** The output projection is the embedding matrix. */
  tiedEmbeddings: boolean;
  attentionBias: boolean;
  mlpBias: boolean;
  hiddenActivation: 'silu';
  bosTokenId: number | null;
  /** Tokens that end a text: those of config.json, then those that only generation_config.json names. May be empty. */
  eosTokenIds: number[];
  padTokenId: number | null;
  /** Type of the stored weights as config.json states it, e.g. `bfloat16`; null where it does not. */
  torchDtype: string | null;
  /** config.json as it is. */
  raw: Record<string, unknown>;
}

const size = z.int().min(1);
const tokenId = z.int().min(0);
const tokenIds = z.union([tokenId, z.array(tokenId)]);

/** Defaults are those of transformers' LlamaConfig, for what old folders leave out. */
const llamaSchema = z.looseObject({
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: size.default(2048),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().nullish(),
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: ropeParametersSchema.nullish(),
  rope_scaling: ropeParametersSchema.nullish(),
  original_max_position_embeddings: size.nullish(),
  partial_rotary_factor: z.number().nullish(),
  bos_token_id: tokenIds.nullish(),
  // −1 stands for "none" in some older folders.
  eos_token_id: z.union([tokenIds, z.literal(-1)]).nullish(),
  pad_token_id: z.union([tokenId, z.literal(-1)]).nullish(),
  torch_dtype: z.string().nullish(),
  dtype: z.string().nullish(),
  quantization_config: z.unknown().optional(),
});

const kindSchema = z.looseObject({ model_type: z.string().nullish(), architectures: z.array(z.string()).nullish() });

/**
 * Reads and checks `config.json` of a Hugging Face model folder.
 * @throws EngineError `MODEL_NOT_FOUND`, `MODEL_UNSUPPORTED` (says what is supported), `MODEL_BROKEN` (names the field)
 */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, 'config.json');
  const raw = await readJsonObject(folder, path);
  checkArchitecture(path, raw);
  const parsed = llamaSchema.safeParse(raw);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    throw broken(path, issues);
  }
  return normalize(path, parsed.data, raw, await generationEosTokens(folder));
}

function normalize(
  path: string,
  config: z.output<typeof llamaSchema>,
  raw: Record<string, unknown>,
  extraEos: readonly number[],
): ModelConfig {
  const { hidden_size: hiddenSize, num_attention_heads: attentionHeads, max_position_embeddings: maxPositions } = config;
  const keyValueHeads = config.num_key_value_heads ?? attentionHeads;
  if (config.head_dim == null && hiddenSize % attentionHeads !== 0) {
    throw broken(path, [{ path: 'hidden_size', message: `${hiddenSize} is not a multiple of num_attention_heads (${attentionHeads})` }]);
  }
  if (attentionHeads % keyValueHeads !== 0) {
    throw broken(path, [
      { path: 'num_key_value_heads', message: `${keyValueHeads} does not divide num_attention_heads (${attentionHeads})` },
    ]);
  }
  const headSize = config.head_dim ?? hiddenSize / attentionHeads;
  if (headSize % 2 !== 0) {
    throw broken(path, [{ path: 'head_dim', message: `${headSize} is odd, rotary position embeddings need an even head size` }]);
  }
  // As in transformers: `rope_scaling`, where it is there, goes before `rope_parameters`; a theta inside before one outside.
  const ropeField = config.rope_scaling ? 'rope_scaling' : 'rope_parameters';
  const rope: RopeParameters = config.rope_scaling ?? config.rope_parameters ?? {};
  if ((rope.partial_rotary_factor ?? config.partial_rotary_factor ?? 1) !== 1) {
    throw unsupported(path, 'it rotates only a part of each head (partial_rotary_factor)', 'Supported: 1.');
  }
  const scaling = normalizeRopeScaling(rope, maxPositions, config.original_max_position_embeddings ?? null);
  if (!scaling.ok && scaling.reason === 'unsupported') {
    throw unsupported(path, `its rope type is "${scaling.type}"`, `Supported: ${supportedRopeTypes.join(', ')}.`);
  }
  if (!scaling.ok) throw broken(path, [{ path: `${ropeField}.${scaling.field}`, message: scaling.message }]);
  if (config.hidden_act !== 'silu' && config.hidden_act !== 'swish') {
    throw unsupported(path, `its hidden_act is "${config.hidden_act}"`, 'Supported: silu.');
  }
  if (config.quantization_config != null) {
    throw unsupported(
      path,
      'its weights are quantized (quantization_config)',
      'Take the version with float32, float16 or bfloat16 weights.',
    );
  }
  const eosTokenIds = [...new Set([...listOf(config.eos_token_id), ...extraEos])].filter((id) => id >= 0);
  const bosTokenId = listOf(config.bos_token_id)[0] ?? null;
  checkTokenIds(path, config.vocab_size, { bos_token_id: bosTokenId, eos_token_id: listOf(config.eos_token_id)[0] ?? null });
  return {
    architecture: 'llama',
    vocabularySize: config.vocab_size,
    hiddenSize,
    intermediateSize: config.intermediate_size,
    layers: config.num_hidden_layers,
    attentionHeads,
    keyValueHeads,
    headSize,
    rmsNormEpsilon: config.rms_norm_eps,
    ropeTheta: rope.rope_theta ?? config.rope_theta ?? 10_000,
    ropeScaling: scaling.scaling,
    maxPositions,
    tiedEmbeddings: config.tie_word_embeddings ?? false,
    attentionBias: config.attention_bias ?? false,
    mlpBias: config.mlp_bias ?? false,
    hiddenActivation: 'silu',
    bosTokenId,
    eosTokenIds,
    padTokenId: config.pad_token_id != null && config.pad_token_id >= 0 ? config.pad_token_id : null,
    torchDtype: config.dtype ?? config.torch_dtype ?? null,
    raw,
  };
}

function listOf(ids: number | number[] | null | undefined): number[] {
  if (ids == null) return [];
  return Array.isArray(ids) ? ids : [ids];
}

function checkTokenIds(path: string, vocabularySize: number, ids: Record<string, number | null>): void {
  for (const [field, id] of Object.entries(ids)) {
    if (id !== null && id >= vocabularySize)
      throw broken(path, [{ path: field, message: `${id} is outside of the vocabulary (vocab_size is ${vocabularySize})` }]);
  }
}

function checkArchitecture(path: string, raw: Record<string, unknown>): void {
  const kind = kindSchema.safeParse(raw);
  if (!kind.success)
    throw broken(path, [{ path: kind.error.issues[0]?.path.join('.') ?? '', message: kind.error.issues[0]?.message ?? 'unreadable' }]);
  const { model_type: type, architectures } = kind.data;
  const named = architectures && architectures.length > 0 ? architectures : null;
  if (named ? named.includes('LlamaForCausalLM') && (type ?? 'llama') === 'llama' : type === 'llama') return;
  const what = named
    ? `its architecture is ${named.join(', ')}`
    : type
      ? `its model_type is "${type}"`
      : 'it names neither model_type nor architectures';
  throw unsupported(path, what, 'Supported: LlamaForCausalLM (model_type "llama").');
}

/** End tokens of `generation_config.json`: chat models often name their end of turn only there. A folder without it is fine. */
async function generationEosTokens(folder: string): Promise<number[]> {
  try {
    const content: unknown = JSON.parse(await readFile(join(folder, 'generation_config.json'), 'utf8'));
    const parsed = z.looseObject({ eos_token_id: tokenIds.nullish() }).safeParse(content);
    return parsed.success ? listOf(parsed.data.eos_token_id) : [];
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return [];
    throw error;
  }
}

async function readJsonObject(folder: string, path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error))
      throw new EngineError('MODEL_BROKEN', `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    const there = await isFolder(folder);
    const message = there ? `${folder} is not a model folder: it has no config.json.` : `There is no model folder ${folder}.`;
    throw new EngineError('MODEL_NOT_FOUND', `${message} Give the path of a Hugging Face model folder.`, { cause: error });
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new EngineError('MODEL_BROKEN', `${path} is not a JSON object. Download or copy it again.`, {
      issues: [{ path, message: 'not a JSON object' }],
      cause: error,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function broken(path: string, issues: { path: string; message: string }[]): EngineError {
  const list = issues.map((issue) => `${issue.path}: ${issue.message}`).join('; ');
  return new EngineError('MODEL_BROKEN', `${path} does not describe a model that can be: ${list}`, { issues });
}

function unsupported(path: string, what: string, supported: string): EngineError {
  return new EngineError('MODEL_UNSUPPORTED', `The model of ${path} cannot be used: ${what}. ${supported}`);
}
