import { z } from 'zod';
import { size } from './config-file.ts';
import { defineFamily } from './define-family.ts';
import { layerWindows } from './layer-types.ts';
import { readRotaryConfig, type RotaryConfig } from './rotary-config.ts';
import { decoderForward, decoderTensors } from './rotary-decoder.ts';

export interface SmolLm3Config extends RotaryConfig {
  architecture: 'smollm3';
}

const schema = z.looseObject({
  attention_bias: z.boolean().nullish(),
  mlp_bias: z.boolean().nullish(),
  /** 1 for a layer that rotates, 0 for one that does not. */
  no_rope_layers: z.array(z.union([z.literal(0), z.literal(1)])).nullish(),
  no_rope_layer_interval: size.default(4),
  use_sliding_window: z.boolean().nullish(),
});

/**
 * SmolLM3 (Bakouch et al. 2025): Llama in which every fourth layer has no positions of its own (NoPE, Kazemnejad et al. 2023);
 * these are the layers that slide where windows are switched on.
 */
export const smolLm3 = defineFamily('smollm3', {
  className: 'SmolLM3ForCausalLM',
  modelType: 'smollm3',
  prefix: 'model.',
  restingNorm: 1,
  readConfig(file) {
    const config = readRotaryConfig(file, { maxPositions: 32_768, tiedEmbeddings: true, ropeTheta: 2_000_000 });
    file.checkActivation('hidden_act', ['silu', 'swish']);
    const fields = file.fields(schema);
    const listed = fields.no_rope_layers;
    if (listed && listed.length < config.layers) {
      const message = `has ${listed.length} entries for ${config.layers} layers (num_hidden_layers)`;
      throw file.broken([{ path: 'no_rope_layers', message }]);
    }
    const rotaryLayers = config.rotaryLayers.map((_, layer) =>
      listed ? listed[layer] === 1 : (layer + 1) % fields.no_rope_layer_interval !== 0,
    );
    const used = fields.use_sliding_window ?? false;
    return {
      ...config,
      architecture: 'smollm3',
      attentionBias: fields.attention_bias ?? false,
      outputBias: fields.attention_bias ?? false,
      mlpBias: fields.mlp_bias ?? false,
      rotaryLayers,
      windows: layerWindows(file, config.layers, { used, window: null, slides: (layer) => rotaryLayers[layer] === false }),
    };
  },
  tensors: decoderTensors,
  forward: decoderForward,
});
