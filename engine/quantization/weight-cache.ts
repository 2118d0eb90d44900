import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { sameShape, type TensorData, type TensorType } from '../graph/types.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { systemErrorCode } from '../weights/durable.ts';
import { type BytesToWrite, openSafetensors, type SafetensorsFile, type TensorToWrite, writeSafetensors } from '../weights/safetensors.ts';
import { sourceFingerprint } from '../weights/source-fingerprint.ts';
import { partName, partTypes, type StorageOptions, type WeightParts } from './stored-weight.ts';

/** Grows whenever quantising gives other numbers than before, or the file is laid out in another way. */
const version = '1';

/** Where quantised weights are kept on disk, and all that they must agree with. */
export interface WeightCache {
  file: string;
  metadata: Readonly<Record<string, string>>;
  /** Parts of each weight, both by name. */
  weights: ReadonlyMap<string, Readonly<Record<string, TensorType>>>;
}

/**
 * The cache of the quantised weights of a model: a safetensors file with the parts of each.
 * @returns null for a storage that is not worth it: float16 and bfloat16 are as large as most models are on disk, and quickly made.
 * @throws EngineError where the model's weights cannot be opened
 */
export async function weightCache(
  folder: string,
  modelFolder: string,
  layers: readonly LinearLayer[],
  options: StorageOptions,
): Promise<WeightCache | null> {
  const { storage, doubleQuantization = false } = options;
  if (storage !== 'int8' && storage !== 'nf4') return null;
  const weights = layers.flatMap((layer) => {
    const types = partTypes(layer, options);
    return types ? [[`${layer.name}.weight`, types] as const] : [];
  });
  const kind = storage === 'nf4' && doubleQuantization ? 'nf4, double' : storage;
  const metadata = { format: 'anneal quantised weights', version, storage: kind, source: await sourceFingerprint(modelFolder) };
  return { file: path.join(folder, 'weights.safetensors'), metadata, weights: new Map(weights) };
}

/**
 * Reads quantised weights, if every bit is what was written and was made of the same model in the same way.
 * @returns their parts by name of the weight, each in memory of its own; null where they have to be made.
 * `remark` says why a file that is there cannot be used.
 */
export async function readWeightCache(cache: WeightCache): Promise<{ parts: Map<string, WeightParts> | null; remark: string | null }> {
  const unusable = (reason: string) => ({ parts: null, remark: `The quantised weights in ${cache.file} ${reason}. They are made anew.` });
  try {
    const file = await openSafetensors(cache.file);
    try {
      if (!Object.entries(cache.metadata).every(([key, value]) => file.metadata[key] === value))
        return unusable('belong to another model or another storage');
      const parts = await readParts(file, cache);
      return parts ? { parts, remark: null } : unusable('are damaged');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EngineError) return error.code === 'MODEL_NOT_FOUND' ? { parts: null, remark: null } : unusable('are damaged');
    if (systemErrorCode(error) !== null) return unusable(`cannot be read (${systemErrorCode(error)})`);
    throw error;
  }
}

async function readParts(file: SafetensorsFile, { weights }: WeightCache): Promise<Map<string, WeightParts> | null> {
  const hash = createHash('sha256');
  const parts = new Map<string, WeightParts>();
  for (const [weight, types] of weights) {
    const found: [string, TensorData][] = [];
    for (const [part, { dtype, shape }] of Object.entries(types)) {
      const entry = file.tensors.get(partName(weight, part));
      const fileType = fileTypes.get(dtype);
      if (!entry || !fileType || entry.dtype !== fileType || !sameShape(entry.shape, shape)) return null;
      const { buffer } = await file.readBytes(partName(weight, part));
      addToHash(hash, new Uint8Array(buffer));
      const data = fileType === 'F32' ? new Float32Array(buffer) : fileType === 'I8' ? new Int8Array(buffer) : new Uint8Array(buffer);
      found.push([part, data]);
    }
    parts.set(weight, Object.fromEntries(found));
  }
  return hash.digest('hex') === file.metadata.sha256 ? parts : null;
}

/**
 * Keeps quantised weights, over what was there; durably, and never a part of them.
 * @param parts by name of the weight. @returns null, or what a person should know: without the cache everything else goes on.
 */
export async function writeWeightCache(cache: WeightCache, parts: ReadonlyMap<string, WeightParts>): Promise<string | null> {
  const hash = createHash('sha256');
  const tensors: (TensorToWrite | BytesToWrite)[] = [];
  for (const [weight, types] of cache.weights) {
    for (const [part, { shape }] of Object.entries(types)) {
      const data = parts.get(weight)?.[part];
      if (!data) throw new Error(`${weight} has no ${part} to be kept`);
      tensors.push(toWrite(partName(weight, part), shape, data));
      addToHash(hash, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  try {
    await mkdir(path.dirname(cache.file), { recursive: true });
    await writeSafetensors(cache.file, tensors, { ...cache.metadata, sha256: hash.digest('hex') });
    return null;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === null) throw error;
    return `The quantised weights cannot be kept in ${cache.file} (${code}). The run goes on; when it is started again they are made anew.`;
  }
}

/** How the element types of parts are called in the file. */
const fileTypes = new Map<TensorType['dtype'], 'F32' | 'I8' | 'U8'>([
  ['float32', 'F32'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
]);

function toWrite(name: string, shape: readonly number[], data: TensorData): TensorToWrite | BytesToWrite {
  if (data instanceof Float32Array) return { name, shape, dtype: 'F32', data };
  if (data instanceof Int8Array) return { name, shape, dtype: 'I8', data };
  if (data instanceof Uint8Array) return { name, shape, dtype: 'U8', data };
  throw new TypeError(`${name} is kept in a type that has no place in the file`);
}

/** A hash takes less than 2 GiB at a time. */
function addToHash(hash: ReturnType<typeof createHash>, bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length; from += 1 << 30) hash.update(bytes.subarray(from, from + (1 << 30)));
}
