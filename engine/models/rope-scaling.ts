import { z } from 'zod';

/**
 * How rotary position embeddings are stretched beyond the length a model was trained with, in the variants of
 * Hugging Face transformers (`modeling_rope_utils`). Lengths are in tokens.
 */
export type RopeScaling =
  | { type: 'linear'; factor: number }
  | { type: 'dynamic'; factor: number; originalMaxPositions: number }
  | { type: 'llama3'; factor: number; lowFrequencyFactor: number; highFrequencyFactor: number; originalMaxPositions: number }
  | {
      type: 'yarn';
      factor: number;
      /** Scale of cosine and sine; null: derived from `factor`, `mscale` and `mscaleAllDim`. */
      attentionFactor: number | null;
      betaFast: number;
      betaSlow: number;
      mscale: number | null;
      mscaleAllDim: number | null;
      /** Round the ramp's ends to whole dimensions. */
      truncate: boolean;
      originalMaxPositions: number;
    };

export const supportedRopeTypes = ['default', 'linear', 'dynamic', 'llama3', 'yarn'] as const;

/** The factors as `config.json` writes them, under `rope_parameters` (transformers 5) or `rope_scaling` (before). */
export const ropeParametersSchema = z.looseObject({
  rope_type: z.string().nullish(),
  /** The name of `rope_type` before transformers 4.45. */
  type: z.string().nullish(),
  rope_theta: z.number().positive().nullish(),
  partial_rotary_factor: z.number().nullish(),
  factor: z.number().min(1).nullish(),
  original_max_position_embeddings: z.number().positive().nullish(),
  low_freq_factor: z.number().positive().nullish(),
  high_freq_factor: z.number().positive().nullish(),
  attention_factor: z.number().min(0).nullish(),
  beta_fast: z.number().positive().nullish(),
  beta_slow: z.number().positive().nullish(),
  mscale: z.number().nullish(),
  mscale_all_dim: z.number().nullish(),
  truncate: z.boolean().nullish(),
});

export type RopeParameters = z.output<typeof ropeParametersSchema>;

export type RopeScalingResult =
  | { ok: true; scaling: RopeScaling | null }
  | { ok: false; reason: 'unsupported'; type: string }
  | { ok: false; reason: 'broken'; field: string; message: string };

/**
 * Normalizes the scaling of a model.
 * @param maxPositions `max_position_embeddings`
 * @param originalMaxPositions `original_max_position_embeddings` at the top of `config.json`, which goes before the one inside
 */
export function normalizeRopeScaling(
  parameters: RopeParameters,
  maxPositions: number,
  originalMaxPositions: number | null,
): RopeScalingResult {
  const type = parameters.rope_type ?? parameters.type ?? 'default';
  const original = originalMaxPositions ?? parameters.original_max_position_embeddings ?? maxPositions;
  const { factor, low_freq_factor: low, high_freq_factor: high } = parameters;
  const missing = (field: string): RopeScalingResult => ({
    ok: false,
    reason: 'broken',
    field,
    message: `is missing; rope type "${type}" needs it`,
  });
  switch (type) {
    case 'default':
      return { ok: true, scaling: null };
    case 'linear':
      if (factor == null) return missing('factor');
      return { ok: true, scaling: { type, factor } };
    case 'dynamic':
      if (factor == null) return missing('factor');
      return { ok: true, scaling: { type, factor, originalMaxPositions: maxPositions } };
    case 'llama3':
      if (factor == null) return missing('factor');
      if (low == null) return missing('low_freq_factor');
      if (high == null) return missing('high_freq_factor');
      if (high <= low)
        return {
          ok: false,
          reason: 'broken',
          field: 'high_freq_factor',
          message: `is ${high}, but must be above low_freq_factor (${low})`,
        };
      return { ok: true, scaling: { type, factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions: original } };
    case 'yarn':
      return {
        ok: true,
        scaling: {
          type,
          factor: factor ?? maxPositions / original,
          attentionFactor: parameters.attention_factor ?? null,
          betaFast: parameters.beta_fast ?? 32,
          betaSlow: parameters.beta_slow ?? 1,
          mscale: parameters.mscale ?? null,
          mscaleAllDim: parameters.mscale_all_dim ?? null,
          truncate: parameters.truncate ?? true,
          originalMaxPositions: original,
        },
      };
    default:
      return { ok: false, reason: 'unsupported', type };
  }
}
