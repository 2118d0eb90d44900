import { z } from 'zod';
import { type ConfigFile } from './config-file.ts';
import { layerWindows } from './layer-types.ts';

const schema = z.looseObject({ use_sliding_window: z.boolean().nullish(), max_window_layers: z.int().min(0).default(28) });

/** Windows of Qwen2 and Qwen3: off unless `use_sliding_window`, and then in the layers from `max_window_layers` on. */
export function qwenWindows(file: ConfigFile, layers: number): (number | null)[] {
  const { use_sliding_window: used, max_window_layers: full } = file.fields(schema);
  return layerWindows(file, layers, { used: used ?? false, window: 4096, slides: (layer) => layer >= full });
}
