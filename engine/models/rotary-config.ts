import { z } from 'zod';
import { type BaseConfig, type ConfigFile, size } from './config-file.ts';
import { normalizeRopeScaling, ropeParametersSchema, supportedRopeTypes, type RopeParameters, type RopeScaling } from './rope-scaling.ts';

/** Rotary position embeddings: their base frequency, and how they are stretched. */
export interface Rope {
  ropeTheta: number;
  ropeScaling: RopeScaling | null;
}

/** The configuration of a decoder with rotary positions, grouped-query attention, RMSNorm and a gated MLP. Head sizes are even. */
export interface RotaryConfig extends BaseConfig, Rope {
  rmsNormEpsilon: number;
  /** Biases of query, key and value, of the attention's output, and of the MLP. */
  attentionBias: boolean;
  outputBias: boolean;
  mlpBias: boolean;
  /** An RMSNorm over each head of queries and keys. */
  queryKeyNorm: boolean;
  /** For each layer how many positions a position sees, itself included; null: all before it. */
  windows: readonly (number | null)[];
  /** For each layer whether queries and keys are rotated; a layer without has no positions of its own (NoPE). */
  rotaryLayers: readonly boolean[];
}

/** What transformers takes where config.json leaves a field out. */
export interface RotaryDefaults {
  maxPositions: number;
  tiedEmbeddings: boolean;
  ropeTheta?: number;
  /** Width of a head; the hidden size divided by the heads if left out. */
  headSize?: number;
}

const schema = z.looseObject({
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  max_position_embeddings: size.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_parameters: ropeParametersSchema.nullish(),
  rope_scaling: ropeParametersSchema.nullish(),
  original_max_position_embeddings: size.nullish(),
  partial_rotary_factor: z.number().nullish(),
});

/**
 * Reads the fields that all of these families share; the others are as in Llama without biases.
 * @throws EngineError `MODEL_BROKEN`, `MODEL_UNSUPPORTED`
 */
export function readRotaryConfig(file: ConfigFile, defaults: RotaryDefaults): RotaryConfig {
  const vocabulary = file.vocabulary(defaults.tiedEmbeddings);
  const fields = file.fields(schema);
  const { hidden_size: hiddenSize, num_attention_heads: attentionHeads, num_hidden_layers: layers } = fields;
  const keyValueHeads = fields.num_key_value_heads ?? attentionHeads;
  const head = fields.head_dim ?? defaults.headSize;
  if (head === undefined && hiddenSize % attentionHeads !== 0) {
    throw file.broken([{ path: 'hidden_size', message: `${hiddenSize} is not a multiple of num_attention_heads (${attentionHeads})` }]);
  }
  if (attentionHeads % keyValueHeads !== 0) {
    throw file.broken([
      { path: 'num_key_value_heads', message: `${keyValueHeads} does not divide num_attention_heads (${attentionHeads})` },
    ]);
  }
  const headSize = head ?? hiddenSize / attentionHeads;
  if (headSize % 2 !== 0) {
    throw file.broken([{ path: 'head_dim', message: `${headSize} is odd, rotary position embeddings need an even head size` }]);
  }
  const maxPositions = fields.max_position_embeddings ?? defaults.maxPositions;
  return {
    ...vocabulary,
    hiddenSize,
    intermediateSize: fields.intermediate_size,
    layers,
    attentionHeads,
    keyValueHeads,
    headSize,
    maxPositions,
    ...readRope(file, fields, maxPositions, defaults.ropeTheta ?? 10_000),
    rmsNormEpsilon: fields.rms_norm_eps,
    attentionBias: false,
    outputBias: false,
    mlpBias: false,
    queryKeyNorm: false,
    windows: Array.from({ length: layers }, () => null),
    rotaryLayers: Array.from({ length: layers }, () => true),
  };
}

/** As in transformers: `rope_scaling`, where it is there, goes before `rope_parameters`; a theta inside before one outside. */
function readRope(file: ConfigFile, fields: z.output<typeof schema>, maxPositions: number, theta: number): Rope {
  const parameters = fields.rope_scaling ?? fields.rope_parameters ?? {};
  if ((parameters.partial_rotary_factor ?? fields.partial_rotary_factor ?? 1) !== 1)
    throw file.unsupported('it rotates only a part of each head (partial_rotary_factor)', 'Supported: 1.');
  return {
    ropeTheta: parameters.rope_theta ?? fields.rope_theta ?? theta,
    ropeScaling: readRopeScaling(file, fields.rope_scaling ? 'rope_scaling' : 'rope_parameters', parameters, {
      maxPositions,
      originalMaxPositions: fields.original_max_position_embeddings ?? null,
    }),
  };
}

/**
 * How rotary positions are stretched.
 * @param path where in config.json the parameters are
 * @param lengths see `normalizeRopeScaling`
 */
export function readRopeScaling(
  file: ConfigFile,
  path: string,
  parameters: RopeParameters,
  { maxPositions, originalMaxPositions }: { maxPositions: number; originalMaxPositions: number | null },
): RopeScaling | null {
  const result = normalizeRopeScaling(parameters, maxPositions, originalMaxPositions);
  if (result.ok) return result.scaling;
  if (result.reason === 'unsupported')
    throw file.unsupported(`its rope type is "${result.type}"`, `Supported: ${supportedRopeTypes.join(', ')}.`);
  throw file.broken([{ path: `${path}.${result.field}`, message: result.message }]);
}
