import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import process from 'node:process';
import { promisify } from 'node:util';

export interface Resources {
  /** Memory that the system counts. Bytes. */
  residentBytes: number;
  /** Time that its threads were at work or waited for a processor, all together, since it started. Seconds; null: not known. */
  busySeconds: number | null;
}

/** Pages of memory, as most machines have them. */
const pageBytes = 4096;

/**
 * The process that Node runs in: the one that was started, or its child where that one only keeps the namespaces.
 * @returns null while it is not there yet, or cannot be told
 */
export async function innerProcess(pid: number): Promise<number | null> {
  const children = await fs.readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const child = Number(children.trim().split(' ')[0]);
  return child > 0 ? child : null;
}

/** What a process takes; null where the system does not tell. */
export async function resourcesOf(pid: number): Promise<Resources | null> {
  try {
    if (process.platform === 'linux') return await fromProc(pid);
    if (process.platform === 'win32') return null;
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)], { timeout: 5000 });
    return { residentBytes: Number(stdout.trim()) * 1024, busySeconds: null };
  } catch {
    return null;
  }
}

async function fromProc(pid: number): Promise<Resources> {
  const [pages, threads] = await Promise.all([fs.readFile(`/proc/${pid}/statm`, 'utf8'), fs.readdir(`/proc/${pid}/task`)]);
  const page = os.arch() === 'arm64' ? await pageSize() : pageBytes;
  // Some kernels do not keep them.
  const told = await Promise.all(threads.map((thread) => fs.readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '')));
  const known = told.filter((text) => text !== '');
  return {
    residentBytes: Number(pages.split(' ')[1]) * page,
    busySeconds: known.length === 0 ? null : known.reduce((seconds, text) => seconds + busy(text), 0),
  };
}

/** Nanoseconds on a processor, and of waiting for one: a thread that spins on a busy machine mostly waits. */
function busy(schedstat: string): number {
  const [running = 0, waiting = 0] = schedstat.split(' ').map(Number);
  return (running + waiting) / 1e9;
}

let askedPageSize: Promise<number> | undefined;

/** ARM machines have pages of 4, 16 or 64 KiB. */
const pageSize = (): Promise<number> =>
  (askedPageSize ??= promisify(execFile)('getconf', ['PAGESIZE']).then(
    ({ stdout }) => Number(stdout) || pageBytes,
    () => pageBytes,
  ));
