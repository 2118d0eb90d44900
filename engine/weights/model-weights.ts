import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join, normalize, sep } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing } from './durable.ts';
import { openSafetensors, type SafetensorsFile } from './safetensors.ts';
import { brokenFile, type SafetensorsDtype, type TensorEntry } from './safetensors-header.ts';

/** The weights of a Hugging Face model folder, in one file or in shards. Tensors are read when they are asked for. */
export interface ModelWeights {
  names(): string[];
  has(name: string): boolean;
  shape(name: string): number[];
  dtype(name: string): SafetensorsDtype;
  /** The tensor's elements as float32, row-major. */
  read(name: string): Promise<Float32Array>;
  /** The file that holds the tensor, and where: for runtimes that read weights out of the file themselves. */
  location(name: string): { path: string; begin: number; end: number };
  /** Size of all files together. */
  readonly bytes: number;
  close(): Promise<void>;
}

const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 * @throws EngineError `MODEL_NOT_FOUND` where the folder or its weights are missing, `MODEL_UNSUPPORTED` where it only
 *   has pickle files, `MODEL_BROKEN` where a file or the index lies
 */
export async function openModelWeights(folder: string): Promise<ModelWeights> {
  const files = await listFolder(folder);
  if (files.includes(singleFile)) {
    const file = await openSafetensors(join(folder, singleFile));
    return collectWeights([file], new Map([...file.tensors.keys()].map((name) => [name, file])));
  }
  if (files.includes(indexFile)) return openShards(folder);
  throw noWeights(folder, files);
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) throw new EngineError('MODEL_NOT_FOUND', `There is no model folder ${folder}. Check the path.`, { cause: error });
    throw error;
  }
}

async function openShards(folder: string): Promise<ModelWeights> {
  const weightMap = await readIndex(folder);
  const shards = new Map<string, SafetensorsFile>();
  try {
    for (const shard of new Set(weightMap.values())) shards.set(shard, await openShard(folder, shard));
    const owners = new Map<string, SafetensorsFile>();
    for (const [name, shard] of weightMap) {
      const file = shards.get(shard);
      if (!file?.tensors.has(name))
        throw brokenFile(join(folder, shard), `${indexFile} says that it holds tensor "${name}", but it does not.`);
      owners.set(name, file);
    }
    return collectWeights([...shards.values()], owners);
  } catch (error) {
    await closeAll(shards.values());
    throw error;
  }
}

async function readIndex(folder: string): Promise<Map<string, string>> {
  const path = join(folder, indexFile);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw brokenFile(path, 'it is not valid JSON.', error);
  }
  const index = indexSchema.safeParse(content);
  if (!index.success) throw brokenFile(path, '"weight_map" must be a table from tensor names to file names.');
  const weightMap = new Map(Object.entries(index.data.weight_map));
  if (weightMap.size === 0) throw brokenFile(path, '"weight_map" is empty.');
  for (const shard of weightMap.values()) {
    if (!staysInside(shard)) throw brokenFile(path, `it names the shard "${shard}", which is not inside the model folder.`);
  }
  return weightMap;
}

/** True for a relative path that does not climb out of its folder, in the ways of this and of the other platform. */
function staysInside(path: string): boolean {
  if (path === '' || path.includes('\0') || isAbsolute(path) || /^[a-zA-Z]:|^[\\/]/.test(path)) return false;
  if (path.split(/[\\/]/).includes('..')) return false;
  return !normalize(path).startsWith(`..${sep}`);
}

async function openShard(folder: string, shard: string): Promise<SafetensorsFile> {
  try {
    return await openSafetensors(join(folder, shard));
  } catch (error) {
    if (error instanceof EngineError && error.code === 'MODEL_NOT_FOUND') {
      throw new EngineError('MODEL_NOT_FOUND', `${folder} is incomplete: ${indexFile} names ${shard}, which is missing. Download it too.`, {
        cause: error,
      });
    }
    throw error;
  }
}

async function closeAll(files: Iterable<SafetensorsFile>): Promise<void> {
  for (const file of files) await file.close();
}

/** @param owners the file of each tensor */
function collectWeights(files: readonly SafetensorsFile[], owners: ReadonlyMap<string, SafetensorsFile>): ModelWeights {
  const place = (name: string): { file: SafetensorsFile; entry: TensorEntry } => {
    const file = owners.get(name);
    const entry = file?.tensors.get(name);
    if (file && entry) return { file, entry };
    const where = files.map((file) => file.path).join(', ');
    throw new EngineError(
      'MODEL_BROKEN',
      `The model has no tensor "${name}" (looked in ${where}). Its weights do not belong to its config.json, or are incomplete: download the folder again.`,
    );
  };
  return {
    names: () => [...owners.keys()],
    has: (name) => owners.has(name),
    shape: (name) => [...place(name).entry.shape],
    dtype: (name) => place(name).entry.dtype,
    read: (name) => place(name).file.read(name),
    location: (name) => {
      const { file, entry } = place(name);
      return { path: file.path, begin: entry.begin, end: entry.end };
    },
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    close: () => closeAll(files),
  };
}

function noWeights(folder: string, files: readonly string[]): EngineError {
  const pickles = files.filter((file) => /\.(bin|pt|pth|ckpt)$/.test(file)).sort();
  if (pickles.length === 0) {
    return new EngineError('MODEL_NOT_FOUND', `${folder} has no weights: expected ${singleFile}, or ${indexFile} with its shards.`);
  }
  const convert = `python -c "from transformers import AutoModelForCausalLM as M; M.from_pretrained('.').save_pretrained('.')"`;
  return new EngineError(
    'MODEL_UNSUPPORTED',
    `${folder} has its weights only as ${pickles.join(', ')}: a pickle can run code when it is opened, so only safetensors are read. ` +
      `Take the model's safetensors version, or convert it in that folder if you trust it: ${convert}`,
  );
}
