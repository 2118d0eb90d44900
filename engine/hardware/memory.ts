import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Main memory in bytes, as far as this process may use it. */
export interface Memory {
  /** Of the machine, or the limit of the container if that is less. */
  total: number;
  /** What can be taken now without pushing others out. */
  available: number;
  /** Whether a container's limit (cgroup) is what counts. */
  limited: boolean;
}

interface Limit {
  limit: number;
  /** Pages of files that can be dropped do not count. */
  used: number;
}

/**
 * Memory of the machine and the limits of the control groups that this process is in
 * (https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html).
 * @param root where /proc and /sys are found
 */
export async function detectMemory(root = '/'): Promise<Memory> {
  const machine = await machineMemory(root);
  const limits = (await controlGroups(root)).filter(({ limit }) => limit < machine.total);
  return {
    total: Math.min(machine.total, ...limits.map(({ limit }) => limit)),
    available: Math.max(0, Math.min(machine.available, ...limits.map(({ limit, used }) => limit - used))),
    limited: limits.length > 0,
  };
}

async function machineMemory(root: string): Promise<{ total: number; available: number }> {
  const text = await read(path.join(root, 'proc/meminfo'));
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1]);
  return {
    total: kilobytes('MemTotal') * 1024 || os.totalmem(),
    available: kilobytes('MemAvailable') * 1024 || os.freemem(),
  };
}

const versions = {
  2: { mount: 'sys/fs/cgroup', limit: 'memory.max', used: 'memory.current', droppable: 'inactive_file' },
  1: { mount: 'sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', used: 'memory.usage_in_bytes', droppable: 'total_inactive_file' },
} as const;

/** The limits of the process's own group and of all groups around it. */
async function controlGroups(root: string): Promise<Limit[]> {
  const groups = (await read(path.join(root, 'proc/self/cgroup'))) ?? '';
  const limits: Limit[] = [];
  // "0::/path" is version 2; "4:memory:/path" is version 1.
  for (const [, controllers = '', group = ''] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers !== '' && !controllers.split(',').includes('memory')) continue;
    const version = versions[controllers === '' ? 2 : 1];
    // Inside a container the path may be that of the host, which is not there; its own group is the root of the mount then.
    for (let folder = path.posix.normalize(group); ; folder = path.posix.dirname(folder)) {
      const found = await readLimit(path.join(root, version.mount, folder), version);
      if (found) limits.push(found);
      if (folder === '/' || folder === '.') break;
    }
  }
  return limits;
}

async function readLimit(folder: string, { limit, used, droppable }: (typeof versions)[1 | 2]): Promise<Limit | null> {
  const bytes = Number((await read(path.join(folder, limit)))?.trim());
  // "max" in version 2; a number near 2⁶³ in version 1.
  if (!Number.isFinite(bytes) || bytes >= 2 ** 60) return null;
  const statistics = await read(path.join(folder, 'memory.stat'));
  const cached = Number(new RegExp(`^${droppable} (\\d+)$`, 'm').exec(statistics ?? '')?.[1] ?? 0);
  const taken = Number((await read(path.join(folder, used)))?.trim()) || 0;
  return { limit: bytes, used: Math.max(0, taken - cached) };
}

const read = (file: string): Promise<string | null> => fs.readFile(file, 'utf8').catch(() => null);
