import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSafetensors } from '../weights/safetensors.ts';
import { outputProjection, scoreHead } from '../adapters/whole-modules.ts';
import { copyCompanions } from './companions.ts';
import type { LoadedModel } from './load.ts';
import { valuingClass } from './model-config.ts';

type StoredType = 'F32' | 'F16' | 'BF16';

/**
 * Writes a Hugging Face model folder: config.json, model.safetensors, and what belongs to the model of another folder beside these.
 * @param companionFolder where tokenizer, generation settings and licence are copied from.
 * @param valueHead [hidden], of a model that values texts; it takes the place of the output projection.
 */
export async function saveModel(
  folder: string,
  model: LoadedModel,
  dtype: StoredType,
  companionFolder: string,
  valueHead?: Float32Array,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (path.resolve(folder) !== path.resolve(companionFolder)) await copyCompanions(companionFolder, folder);
  const torchDtype = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype];
  const values = { architectures: [valuingClass(model.family.className)], id2label: { 0: 'value' }, label2id: { value: 0 } };
  const config = { ...model.config.raw, torch_dtype: torchDtype, ...(valueHead ? values : {}) };
  await writeFile(path.join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const shapes = model.family.parameters(model.config);
  const tensors = [...model.weights].map(([name, data]) => ({ name, dtype, shape: [...(shapes.get(name) ?? [data.length])], data }));
  const kept = valueHead
    ? [
        ...tensors.filter(({ name }) => name !== outputProjection),
        { name: scoreHead, dtype, shape: [1, valueHead.length], data: valueHead },
      ]
    : tensors;
  await writeSafetensors(path.join(folder, 'model.safetensors'), kept, { format: 'pt' });
}
