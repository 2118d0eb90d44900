import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { cacheFolder } from './cache-folder.ts';
import type { Device } from './device.ts';
import { runtimeVersion, vulkanDrivers } from './providers.ts';

/** Milliseconds. Drivers get better. */
const lifetime = 24 * 60 * 60 * 1000;

const refusalsSchema = z.record(z.string(), z.object({ reason: z.string(), at: z.number() }));
type Refusals = z.output<typeof refusalsSchema>;

/** Why `auto` passed over the device a short while ago, on this machine with these drivers. Null: it is to be tried. */
export function recallRefusal(device: Device, threads: number, environment: NodeJS.ProcessEnv): string | null {
  return read(environment)[keyOf(device, threads, environment)]?.reason ?? null;
}

/** Trying a slow driver takes seconds, so a refusal is kept for the next runs. That a device worked is not: it is tried each time. */
export function rememberRefusal(device: Device, threads: number, environment: NodeJS.ProcessEnv, reason: string): void {
  const refusals = { ...read(environment), [keyOf(device, threads, environment)]: { reason, at: Date.now() } };
  const file = fileIn(environment);
  const aside = `${file}.${process.pid}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(aside, JSON.stringify(refusals, undefined, 2));
    fs.renameSync(aside, file);
  } catch {
    // A cache that cannot be written costs time at the next start only.
  }
}

const fileIn = (environment: NodeJS.ProcessEnv): string => path.join(cacheFolder(environment), 'device-refusals.json');

function read(environment: NodeJS.ProcessEnv): Refusals {
  try {
    const all = refusalsSchema.parse(JSON.parse(fs.readFileSync(fileIn(environment), 'utf8')));
    return Object.fromEntries(Object.entries(all).filter(([, { at }]) => Math.abs(Date.now() - at) < lifetime));
  } catch {
    return {};
  }
}

/** Everything that could make the next attempt end otherwise. */
function keyOf(device: Device, threads: number, environment: NodeJS.ProcessEnv): string {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH, CUDA_VISIBLE_DEVICES } = environment;
  const state = [
    ...[os.hostname(), os.release(), bootId(), process.version, runtimeVersion, threads],
    ...[VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH, CUDA_VISIBLE_DEVICES],
    ...vulkanDrivers(environment),
  ];
  return `${device}:${createHash('sha256').update(JSON.stringify(state)).digest('hex').slice(0, 16)}`;
}

/** Changes with each start of the machine, after which a driver may be another. */
function bootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
