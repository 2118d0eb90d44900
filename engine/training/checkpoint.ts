import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing, publishFolder, syncFolder, systemErrorCode, writeAll, writeDurably } from '../weights/durable.ts';
import { readSafetensors, writeSafetensors } from '../weights/safetensors.ts';

/** A value that JSON gives back as it was. Numbers must be finite. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export interface CheckpointTensor {
  name: string;
  shape: readonly number[];
  data: Float32Array;
}

/** Everything that a run needs to go on as if it had never stopped. */
export interface CheckpointContent {
  /** Optimizer steps done. */
  step: number;
  /** Trainable weights and the optimizer's means. */
  tensors: readonly CheckpointTensor[];
  /** Counters: epoch, tokens seen, best loss, … */
  progress: JsonObject;
}

/** A checkpoint as it was found. */
export interface CheckpointState {
  step: number;
  tensors: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>;
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
 * Saves a checkpoint as `checkpoints/step-00000050/` with `state.safetensors` (float32, exact to the bit) and
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
      tensors.map(({ name, shape, data }) => ({ name, dtype: 'F32', shape, data })),
    );
    const content = new TextEncoder().encode(`${JSON.stringify({ step, state, progress }, null, 2)}\n`);
    await writeDurably(join(partial, progressFile), (handle) => writeAll(handle, content));
    await publishFolder(partial, target);
    return { path, bytes: state.bytes + content.length };
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw unwritable(runFolder, error);
  }
}

/** JSON would turn NaN and infinity into null, and the run would go on from something else than it had. */
function checkFinite(value: JsonValue, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError(`${path} is ${value}; a checkpoint's progress holds finite numbers only.`);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) checkFinite(part, `${path}.${key}`);
}

function unwritable(runFolder: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === null || error instanceof EngineError) return error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const advice = full ? 'The disk is full: make room, then resume the run.' : 'Check the folder and its permissions, then resume the run.';
  const reason = error instanceof Error ? error.message : code;
  return new EngineError('RUN_FOLDER_UNUSABLE', `The checkpoint cannot be written into ${runFolder}: ${reason}. ${advice}`, {
    cause: error,
  });
}

/**
 * The newest checkpoint that is whole: its state file has the checksum that `progress.json` states. Removes what writers
 * that were killed have left behind, so the caller must be the only one that writes into the run folder.
 */
export async function latestCheckpoint(runFolder: string): Promise<LatestCheckpoint> {
  await removePartial(runFolder);
  const passedOver: string[] = [];
  for (const { step, path } of (await listCheckpoints(runFolder)).reverse()) {
    try {
      return { checkpoint: { ...(await readCheckpoint(join(runFolder, path), step)), path }, passedOver };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      passedOver.push(`${path} (${error.message})`);
    }
  }
  return { checkpoint: null, passedOver };
}

/** Deletes all but the newest `keep` checkpoints. @returns the paths that were deleted, relative to the run folder */
export async function pruneCheckpoints(runFolder: string, keep: number): Promise<string[]> {
  const checkpoints = await listCheckpoints(runFolder);
  const old = checkpoints.slice(0, Math.max(0, checkpoints.length - Math.max(1, keep))).map(({ path }) => path);
  for (const path of old) await rm(join(runFolder, path), { recursive: true, force: true });
  return old;
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

async function readCheckpoint(folder: string, step: number): Promise<Omit<CheckpointState, 'path'>> {
  const { bytes, description } = await readProgress(folder);
  if (description.step !== step) throw brokenCheckpoint(`${progressFile} says step ${description.step}`);
  const path = join(folder, stateFile);
  if ((await hashFile(path)) !== description.state.sha256)
    throw brokenCheckpoint(`${stateFile} is not what was written: its checksum differs`);
  const state = await readSafetensors(path);
  return { step, tensors: state.tensors, progress: description.progress, bytes: state.bytes + bytes };
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
