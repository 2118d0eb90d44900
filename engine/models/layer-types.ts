import { z } from 'zod';
import { type ConfigFile, size } from './config-file.ts';

const schema = z.looseObject({
  sliding_window: size.nullish(),
  layer_types: z.array(z.string()).nullish(),
});

/** What a family takes where config.json does not say it. */
export interface WindowDefaults {
  /** Layers look through a window at all. */
  used?: boolean;
  /** The window where `sliding_window` is left out; it is null where the file says null. */
  window: number | null;
  /** Whether a layer looks through it where there are no `layer_types`. */
  slides: (layer: number) => boolean;
}

/**
 * For each layer how many positions a position sees, itself included; null: all before it.
 * @throws EngineError `MODEL_UNSUPPORTED` for a kind of attention that is neither full nor sliding
 */
export function layerWindows(file: ConfigFile, layers: number, defaults: WindowDefaults): (number | null)[] {
  const fields = file.fields(schema);
  const types = fields.layer_types;
  if (types && types.length !== layers)
    throw file.broken([{ path: 'layer_types', message: `has ${types.length} entries for ${layers} layers (num_hidden_layers)` }]);
  const strange = types?.find((type) => type !== 'full_attention' && type !== 'sliding_attention');
  if (strange !== undefined)
    throw file.unsupported(`it has layers of the type "${strange}" (layer_types)`, 'Supported: full_attention, sliding_attention.');
  const window = fields.sliding_window === undefined ? defaults.window : fields.sliding_window;
  return Array.from({ length: layers }, (_, layer) => {
    const slides = types ? types[layer] === 'sliding_attention' : defaults.slides(layer);
    return slides && defaults.used !== false ? window : null;
  });
}
