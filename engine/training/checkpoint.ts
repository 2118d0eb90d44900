import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing, publishFolder, syncFolder, writeAll, writeDurably } from '../weights/durable.ts';
import { openSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import { unwritable } from './unwritable.ts';

/** A value that JSON gives back as it was. Numbers must be finite. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export interface CheckpointTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array | Uint8Array;
}

/** Everything that a run needs to go on as if it had never stopped. */
export interface CheckpointContent {
  /** Optimizer steps done. */
  step: number;
  /** Trainable weights and what the optimizer remembers. */
  tensors: readonly CheckpointTensor[];
  /** Counters: epoch, tokens seen, best loss, … */
  progress: JsonObject;
}

/** A checkpoint as it was found. */
export interface CheckpointState {
  step: number;
  tensors: ReadonlyMap<string, CheckpointTensor>;
  progress: JsonObject;
  /** Relative to the run folder: `checkpoints/step-00000050`. */
  path: string;
  /** Size of its files. */
  bytes: number;
}

export interface LatestCheckpoint {
  /** The newest that is whole; null where there is none. */
  checkpoint: CheckpointState | null;
  /** Newer ones that could not be used, newest first: path and reason. */
  passedOver: string[];
}

const checkpointsFolder = 'checkpoints';
const stateFile = 'state.safetensors';
const progressFile = 'progress.json';

const jsonValue: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(jsonValue), z.record(z.string(), jsonValue)]),
);
const progressSchema = z.object({
  step: z.int().min(0),
  /** SHA-256 of the state file, in hexadecimal. */
  state: z.object({ sha256: z.string(), bytes: z.int() }),
  progress: z.record(z.string(), jsonValue),
});

/** Where the checkpoint of a step lies, relative to the run folder. */
function checkpointPath(step: number): string {
  return `${checkpointsFolder}/step-${String(step).padStart(8, '0')}`;
}

/**
 * Saves a checkpoint as `checkpoints/step-00000050/` with `state.safetensors` (exact to the bit) and
 * `progress.json`. Whatever dies when, the folder is there whole or not at all: it is written as `….partial`, flushed to
 * the disk and renamed. One of the same step is replaced.
 * @returns the path relative to the run folder, and the size of both files
 * @throws EngineError `RUN_FOLDER_UNUSABLE` where the disk is full or the folder cannot be written
 */
export async function saveCheckpoint(
  runFolder: string,
  { step, tensors, progress }: CheckpointContent,
): Promise<{ path: string; bytes: number }> {
  checkFinite(progress, 'progress');
  const path = checkpointPath(step);
  const target = join(runFolder, path);
  const partial = `${target}.partial`;
  try {
    await mkdir(join(runFolder, checkpointsFolder), { recursive: true });
    await syncFolder(runFolder);
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    const state = await writeSafetensors(
      join(partial, stateFile),
      tensors.map(({ name, shape, data }) =>
        data instanceof Uint8Array ? { name, dtype: 'U8', shape, data } : { name, dtype: 'F32', shape, data },
      ),
    );
    const content = new TextEncoder().encode(`${JSON.stringify({ step, state, progress }, null, 2)}\n`);
    await writeDurably(join(partial, progressFile), (handle) => writeAll(handle, content));
    await publishFolder(partial, target);
    return { path, bytes: state.bytes + content.length };
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw unwritable('checkpoint', runFolder, error);
  }
}

/** JSON would turn NaN and infinity into null, and the run would go on from something else than it had. */
function checkFinite(value: JsonValue, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError(`${path} is ${value}; a checkpoint's progress holds finite numbers only.`);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) checkFinite(part, `${path}.${key}`);
}

/**
 * The newest checkpoint that is whole: its state file has the checksum that `progress.json` states. Removes what writers
 * that were killed have left behind, so the caller must be the only one that writes into the run folder.
 * @param upTo looks at checkpoints up to this step only.
 */
export async function latestCheckpoint(runFolder: string, upTo = Infinity): Promise<LatestCheckpoint> {
  await removePartial(runFolder);
  const passedOver: string[] = [];
  for (const { step, path } of (await listCheckpoints(runFolder)).reverse()) {
    if (step > upTo) continue;
    try {
      return { checkpoint: { ...(await readCheckpoint(join(runFolder, path), step)), path }, passedOver };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      passedOver.push(`${path} (${error.message})`);
    }
  }
  return { checkpoint: null, passedOver };
}

/**
 * Deletes all but the newest `keep` checkpoints and those of the steps in `besides`.
 * @returns the steps of those that are left, oldest first
 */
export async function pruneCheckpoints(runFolder: string, keep: number, besides: readonly number[] = []): Promise<number[]> {
  const checkpoints = await listCheckpoints(runFolder);
  const newest = checkpoints.slice(-Math.max(1, keep));
  const isKept = (checkpoint: { step: number }) => besides.includes(checkpoint.step) || newest.some(({ step }) => step === checkpoint.step);
  await remove(
    runFolder,
    checkpoints.filter((checkpoint) => !isKept(checkpoint)),
  );
  return checkpoints.filter(isKept).map(({ step }) => step);
}

/** Deletes the checkpoints of later steps than `step`. */
export async function removeCheckpointsAfter(runFolder: string, step: number): Promise<void> {
  await remove(
    runFolder,
    (await listCheckpoints(runFolder)).filter((checkpoint) => checkpoint.step > step),
  );
}

/** Renamed first, so that none is left that is half there; the newest first, so that none outlives an older one that was to go too. */
async function remove(runFolder: string, checkpoints: readonly { path: string }[]): Promise<void> {
  for (const { path } of [...checkpoints].reverse()) {
    const aside = join(runFolder, `${path}.removed.partial`);
    await rename(join(runFolder, path), aside);
    await rm(aside, { recursive: true, force: true });
  }
}

/** Finished checkpoints, oldest first. */
async function listCheckpoints(runFolder: string): Promise<{ step: number; path: string }[]> {
  return (await folderNames(runFolder))
    .flatMap((name) => {
      const digits = /^step-(\d{8,})$/.exec(name)?.[1];
      return digits === undefined ? [] : [{ step: Number(digits), path: `${checkpointsFolder}/${name}` }];
    })
    .sort((a, b) => a.step - b.step);
}

async function removePartial(runFolder: string): Promise<void> {
  for (const name of await folderNames(runFolder)) {
    if (name.endsWith('.partial')) await rm(join(runFolder, checkpointsFolder, name), { recursive: true, force: true });
  }
}

async function folderNames(runFolder: string): Promise<string[]> {
  try {
    return await readdir(join(runFolder, checkpointsFolder));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/**
 * The trained weights and all else that a checkpoint holds, from a run folder that somebody else may be working in.
 * @param folder of the checkpoint
 * @throws EngineError `CHECKPOINT_BROKEN` where it is damaged, or was deleted meanwhile
 */
export async function readCheckpointTensors(folder: string): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const { description } = await readProgress(folder);
  return (await readCheckpoint(folder, description.step)).tensors;
}

async function readCheckpoint(folder: string, step: number): Promise<Omit<CheckpointState, 'path'>> {
  const { bytes, description } = await readProgress(folder);
  if (description.step !== step) throw brokenCheckpoint(`${progressFile} says step ${description.step}`);
  const path = join(folder, stateFile);
  if ((await hashFile(path)) !== description.state.sha256)
    throw brokenCheckpoint(`${stateFile} is not what was written: its checksum differs`);
  const state = await readState(path);
  return { step, tensors: state.tensors, progress: description.progress, bytes: state.bytes + bytes };
}

async function readState(path: string): Promise<{ bytes: number; tensors: Map<string, CheckpointTensor> }> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, CheckpointTensor>();
    for (const [name, { shape, dtype }] of file.tensors)
      tensors.set(name, { name, shape, data: dtype === 'U8' ? await file.readBytes(name) : await file.read(name) });
    return { bytes: file.bytes, tensors };
  } finally {
    await file.close();
  }
}

async function readProgress(folder: string): Promise<{ bytes: number; description: z.output<typeof progressSchema> }> {
  try {
    const content = await readFile(join(folder, progressFile));
    return { bytes: content.length, description: progressSchema.parse(JSON.parse(content.toString('utf8'))) };
  } catch (error) {
    throw brokenCheckpoint(`${progressFile} is missing or unreadable`, error);
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  } catch (error) {
    throw brokenCheckpoint(`${stateFile} is missing or unreadable`, error);
  }
  return hash.digest('hex');
}

function brokenCheckpoint(message: string, cause?: unknown): EngineError {
  return new EngineError('CHECKPOINT_BROKEN', message, { cause });
}
