import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';
import { copyCompanions } from '../models/companions.ts';
import { writeAll, writeDurably, writeText } from '../weights/durable.ts';
import { encodeFloats, encodeHeader, fileOrder } from '../weights/safetensors.ts';
import { elementBytes, type SafetensorsDtype } from '../weights/safetensors-header.ts';
import { holds } from './gguf/encode.ts';
import type { ExportSource } from './source.ts';

interface StoredTensor {
  name: string;
  dtype: SafetensorsDtype;
  shape: number[];
}

/** Bytes that are copied, and values that are encoded, at a time. */
const chunkBytes = 1 << 24;
const chunkValues = 1 << 21;

/**
 * Writes the model with the adapter merged into it as a Hugging Face folder. Each tensor keeps its type and its name;
 * those that the adapter does not change keep their bytes, and so do all other files.
 * @param shardBytes tensor bytes of one file at most, where no tensor is larger
 */
export async function writeMerged(source: ExportSource, folder: string, shardBytes: number): Promise<void> {
  const { files } = source;
  const tensors = files.names().map((name) => ({ name, dtype: files.dtype(name), shape: files.shape(name) }));
  const shards = splitShards(tensors, shardBytes);
  const nameOf = (index: number) =>
    shards.length === 1 ? 'model.safetensors' : `model-${numbered(index + 1)}-of-${numbered(shards.length)}.safetensors`;
  for (const [index, shard] of shards.entries()) await writeShard(source, path.join(folder, nameOf(index)), fileOrder(shard));
  if (shards.length > 1) {
    const places = shards.flatMap((shard, index) => shard.map(({ name }): [string, string] => [name, nameOf(index)]));
    const total = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
    const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places.sort(([a], [b]) => (a < b ? -1 : 1))) };
    await writeText(path.join(folder, 'model.safetensors.index.json'), `${JSON.stringify(index, null, 2)}\n`);
  }
  await copyCompanions(source.folder, folder, ['config.json']);
}

const numbered = (index: number): string => String(index).padStart(5, '0');

const bytesOf = ({ dtype, shape }: StoredTensor): number => shape.reduce((product, size) => product * size, elementBytes[dtype]);

/** In order, each shard as full as it gets. */
function splitShards(tensors: readonly StoredTensor[], shardBytes: number): StoredTensor[][] {
  const shards: StoredTensor[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (filled > 0 && filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)?.push(tensor);
    filled += bytes;
  }
  return shards;
}

async function writeShard(source: ExportSource, file: string, tensors: readonly StoredTensor[]): Promise<void> {
  await writeDurably(file, async (handle) => {
    await writeAll(handle, encodeHeader(tensors, { format: 'pt' }));
    for (const tensor of tensors) await (source.changes(tensor.name) ? writeMergedTensor : copyTensor)(source, handle, tensor);
  });
}

async function writeMergedTensor(source: ExportSource, handle: FileHandle, { name, dtype }: StoredTensor): Promise<void> {
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16')
    throw new EngineError('MODEL_UNSUPPORTED', `An adapter cannot be merged into ${name} of type ${dtype}; it must be F32, F16 or BF16.`);
  const values = await source.readStored(name);
  if (dtype === 'F16' && !holds(values, 'F16')) {
    const message = `The adapter makes values of ${name} larger than its type F16 can hold. Take a version of the base in bfloat16 or float32.`;
    throw new EngineError('ADAPTER_BROKEN', message, { issues: [{ path: 'adapter', message }] });
  }
  for (let from = 0; from < values.length; from += chunkValues)
    await writeAll(handle, encodeFloats(values.subarray(from, from + chunkValues), dtype));
}

async function copyTensor({ files, visit }: ExportSource, handle: FileHandle, { name }: StoredTensor): Promise<void> {
  visit();
  const { path: from, begin, end } = files.location(name);
  const input = await open(from, 'r');
  try {
    const chunk = new Uint8Array(Math.min(chunkBytes, end - begin));
    for (let position = begin; position < end;) {
      const { bytesRead } = await input.read(chunk, 0, Math.min(chunk.length, end - position), position);
      if (bytesRead === 0) throw new EngineError('MODEL_BROKEN', `${from} became shorter while it was read.`);
      await writeAll(handle, chunk.subarray(0, bytesRead));
      position += bytesRead;
    }
  } finally {
    await input.close();
  }
}
