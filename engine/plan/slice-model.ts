import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { families } from '../models/families.ts';
import { findTensor } from '../models/find-tensor.ts';
import { readModelConfig } from '../models/model-config.ts';
import { normalSource, randomSource } from '../random.ts';
import { openModelWeights } from '../weights/model-weights.ts';
import { encodeFloats, encodeHeader, fileOrder, type TensorToWrite } from '../weights/safetensors.ts';

/** What families call the number of their layers. */
const layerFields = ['num_hidden_layers', 'n_layer', 'num_layers'];

/** Values that are made once and repeated: how fast a product is does not depend on them. */
const blockLength = 1 << 18;

/**
 * Writes a model folder like another one, but with fewer layers and with random weights in the same types, for measurements.
 * @param layers at most as many as the model has
 * @throws EngineError `MODEL_NOT_FOUND`, `MODEL_UNSUPPORTED`, `MODEL_BROKEN` where the model could not be loaded either
 */
export async function writeSlice(folder: string, target: string, layers: number): Promise<void> {
  const whole = await readModelConfig(folder);
  await fs.mkdir(target, { recursive: true });
  await copyCompanions(folder, target);
  await fs.writeFile(path.join(target, 'config.json'), JSON.stringify(sliceFields(whole.raw, whole.layers, layers)));
  const config = await readModelConfig(target);
  const family = families[config.architecture];
  const weights = await openModelWeights(folder);
  try {
    const tensors = [...family.parameters(config)].map(([name, shape]) => {
      const dtype = weights.dtype(findTensor(folder, weights, name, shape, family.prefix));
      return { name, shape, dtype: dtype === 'BF16' || dtype === 'F16' ? dtype : ('F32' as const) };
    });
    await writeRandom(path.join(target, 'model.safetensors'), tensors, family.restingNorm);
  } finally {
    await weights.close();
  }
}

/** Lists with an entry for each layer lose those of the layers that are left out. */
function sliceFields(raw: Readonly<Record<string, unknown>>, whole: number, layers: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => {
      if (layerFields.includes(key)) return [key, layers];
      return [key, Array.isArray(value) && value.length === whole ? value.slice(0, layers) : value];
    }),
  );
}

/** Tokenizer and the like: everything small that is no weight. */
async function copyCompanions(folder: string, target: string): Promise<void> {
  for (const entry of await fs.readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory() || !/\.(json|jinja|txt|model)$/.test(entry.name)) continue;
    if (entry.name === 'config.json' || entry.name.endsWith('.safetensors.index.json')) continue;
    await fs.copyFile(path.join(folder, entry.name), path.join(target, entry.name), constants.COPYFILE_FICLONE);
  }
}

type Tensor = Pick<TensorToWrite, 'name' | 'dtype' | 'shape'>;

async function writeRandom(file: string, tensors: readonly Tensor[], restingNorm: number): Promise<void> {
  const ordered = fileOrder(tensors);
  const normal = normalSource(randomSource(1));
  const values = Float32Array.from({ length: blockLength }, () => 0.02 * normal());
  const norm = new Float32Array(blockLength).fill(restingNorm);
  const handle = await fs.open(file, 'w');
  try {
    await handle.writeFile(encodeHeader(ordered, { format: 'pt' }));
    for (const { dtype, shape } of ordered) {
      const block = encodeFloats(shape.length > 1 ? values : norm, dtype);
      const elementBytes = block.length / blockLength;
      let left = shape.reduce((product, size) => product * size, elementBytes);
      for (; left > 0; left -= block.length) await handle.writeFile(block.subarray(0, Math.min(left, block.length)));
    }
  } finally {
    await handle.close();
  }
}
