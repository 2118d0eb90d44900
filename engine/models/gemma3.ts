import { z } from 'zod';
import { add, scale } from '../graph/ops/arithmetic.ts';
import { embedding } from '../graph/ops/indexing.ts';
import { floatType, type Value } from '../graph/types.ts';
import { type ConfigFile, size } from './config-file.ts';
import { defineFamily } from './define-family.ts';
import type { LayerCache } from './family.ts';
import { gatedMlp } from './gated-mlp.ts';
import { gemmaBiases, gemmaNorm } from './gemma.ts';
import { layerWindows } from './layer-types.ts';
import { rotaryAngles } from './rotary-angles.ts';
import { rotaryAttention } from './rotary-attention.ts';
import { readRopeScaling, readRotaryConfig, type Rope, type RotaryConfig } from './rotary-config.ts';
import { decoderHead, decoderTensors } from './rotary-decoder.ts';
import { ropeFrequencies } from './rope.ts';
import { ropeParametersSchema } from './rope-scaling.ts';

export interface Gemma3Config extends RotaryConfig {
  architecture: 'gemma3';
  /** Scores are divided by the root of this instead of the head size. */
  queryScalar: number;
  /** Rotary positions of the layers with a window; the others have those of the configuration itself. */
  localRope: Rope;
}

const schema = z.looseObject({
  query_pre_attn_scalar: z.number().positive().default(256),
  sliding_window_pattern: size.default(6),
  attn_logit_softcapping: z.number().nullish(),
  final_logit_softcapping: z.number().nullish(),
  rope_theta: z.number().positive().default(1_000_000),
  rope_local_base_freq: z.number().positive().default(10_000),
  rope_scaling: ropeParametersSchema.nullish(),
  rope_parameters: z
    .looseObject({ full_attention: ropeParametersSchema.nullish(), sliding_attention: ropeParametersSchema.nullish() })
    .nullish(),
});

/**
 * The text model of Gemma 3 (Kamath et al. 2025): Gemma with norms after attention and MLP too, normalised queries and keys, and
 * five layers with a window, and rotary positions of their own, to each layer that sees everything.
 */
export const gemma3 = defineFamily('gemma3', {
  className: 'Gemma3ForCausalLM',
  modelType: 'gemma3_text',
  prefix: 'model.',
  restingNorm: 0,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 131_072, tiedEmbeddings: true, headSize: 256 });
    file.checkActivation('hidden_activation', ['gelu_pytorch_tanh']);
    const fields = file.fields(schema);
    for (const field of ['attn_logit_softcapping', 'final_logit_softcapping'] as const)
      if (fields[field] != null) throw file.unsupported(`its logits are capped (${field})`, 'Supported: null.');
    return {
      ...config,
      ...gemmaBiases(file),
      ...readRopes(file, fields, config.maxPositions),
      architecture: 'gemma3',
      queryKeyNorm: true,
      queryScalar: fields.query_pre_attn_scalar,
      windows: layerWindows(file, config.layers, {
        window: 4096,
        slides: (layer) => (layer + 1) % fields.sliding_window_pattern !== 0,
      }),
    };
  },

  tensors: (config) =>
    decoderTensors(config, ['input_layernorm', 'post_attention_layernorm', 'pre_feedforward_layernorm', 'post_feedforward_layernorm']),

  forward(context, config, inputs) {
    const { graph } = context;
    const norm = (x: Value, name: string) => gemmaNorm(context, x, name, config.rmsNormEpsilon);
    // The attention divides by √head size; queries bring the difference along.
    const queryScale = Math.sqrt(config.headSize / config.queryScalar);
    const tokens = embedding(graph, context.weight('model.embed_tokens.weight'), inputs.ids);
    const localFrequencies = ropeFrequencies({ ...config, ...config.localRope }, config.maxPositions);
    const local = rotaryAngles(graph, localFrequencies, inputs, floatType(tokens));
    let hidden = scale(graph, tokens, Math.sqrt(config.hiddenSize));
    const cache: LayerCache[] = [];
    for (let layer = 0; layer < config.layers; layer++) {
      const block = `model.layers.${layer}`;
      const angles = config.windows[layer] == null ? inputs.angles() : local;
      const x = norm(hidden, `${block}.input_layernorm`);
      const attended = rotaryAttention(context, config, inputs, x, layer, { norm, angles, queryScale });
      cache.push(attended.cache);
      hidden = add(graph, hidden, norm(attended.output, `${block}.post_attention_layernorm`));
      const mixed = gatedMlp(context, norm(hidden, `${block}.pre_feedforward_layernorm`), `${block}.mlp`, 'gelu');
      hidden = add(graph, hidden, norm(mixed, `${block}.post_feedforward_layernorm`));
    }
    return { hidden: norm(hidden, 'model.norm'), head: context.weight(decoderHead(config)), cache };
  },
});

/** Before transformers 5 one set of fields stood for each kind of layer; now `rope_parameters` holds both. */
function readRopes(file: ConfigFile, fields: z.output<typeof schema>, maxPositions: number): Rope & { localRope: Rope } {
  const rope = (kind: 'full_attention' | 'sliding_attention', theta: number, old: typeof fields.rope_scaling): Rope => {
    const parameters = { ...fields.rope_parameters?.[kind], ...old };
    const path = old ? 'rope_scaling' : `rope_parameters.${kind}`;
    const lengths = { maxPositions, originalMaxPositions: null };
    return { ropeTheta: parameters.rope_theta ?? theta, ropeScaling: readRopeScaling(file, path, parameters, lengths) };
  };
  return {
    ...rope('full_attention', fields.rope_theta, fields.rope_scaling),
    localRope: rope('sliding_attention', fields.rope_local_base_freq, null),
  };
}
