import { copyFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { flush, writeText } from '../weights/durable.ts';

const files = { config: 'adapter_config.json', weights: 'adapter_model.safetensors' } as const;

/**
 * Copies a PEFT adapter that was checked before. Weights keep their bytes.
 * @param baseModelName what PEFT will load as the base, a folder or a name on a hub; as it was if left out
 */
export async function writeAdapter(adapter: string, folder: string, baseModelName?: string): Promise<void> {
  const weights = path.join(folder, files.weights);
  await copyFile(path.join(adapter, files.weights), weights);
  await flush(weights);
  const text = await readFile(path.join(adapter, files.config), 'utf8');
  const named =
    baseModelName === undefined
      ? text
      : `${JSON.stringify({ ...z.record(z.string(), z.unknown()).parse(JSON.parse(text)), base_model_name_or_path: baseModelName }, null, 2)}\n`;
  await writeText(path.join(folder, files.config), named);
}
