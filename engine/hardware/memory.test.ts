import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectMemory } from './memory.ts';

const gib = 2 ** 30;
let root: string;

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-memory-'));
  write('proc/meminfo', `MemTotal:       ${16 * 2 ** 20} kB\nMemFree:         ${2 * 2 ** 20} kB\nMemAvailable:   ${10 * 2 ** 20} kB\n`);
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function write(file: string, content: string | number): void {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), `${content}\n`);
}

describe('memory', () => {
  it('is that of the machine where no control group limits it', async () => {
    write('proc/self/cgroup', '0::/user.slice');
    write('sys/fs/cgroup/user.slice/memory.max', 'max');
    expect(await detectMemory(root)).toEqual({ total: 16 * gib, available: 10 * gib, limited: false });
  });

  it('is limited by a control group of version 2, without the files that it keeps in memory', async () => {
    write('proc/self/cgroup', '0::/pod/container');
    write('sys/fs/cgroup/pod/container/memory.max', 4 * gib);
    write('sys/fs/cgroup/pod/container/memory.current', 3 * gib);
    write('sys/fs/cgroup/pod/container/memory.stat', `anon ${gib}\ninactive_file ${2 * gib}`);
    expect(await detectMemory(root)).toEqual({ total: 4 * gib, available: 3 * gib, limited: true });
  });

  it('is limited by the group around it when that is tighter', async () => {
    write('proc/self/cgroup', '0::/pod/container');
    write('sys/fs/cgroup/pod/memory.max', 2 * gib);
    write('sys/fs/cgroup/pod/memory.current', 1.5 * gib);
    write('sys/fs/cgroup/pod/container/memory.max', 4 * gib);
    write('sys/fs/cgroup/pod/container/memory.current', gib);
    expect(await detectMemory(root)).toEqual({ total: 2 * gib, available: 0.5 * gib, limited: true });
  });

  it('is limited by a control group of version 1, seen from inside a container', async () => {
    write('proc/self/cgroup', '5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc');
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', 8 * gib);
    write('sys/fs/cgroup/memory/memory.usage_in_bytes', 5 * gib);
    write('sys/fs/cgroup/memory/memory.stat', `cache ${4 * gib}\ntotal_inactive_file ${4 * gib}`);
    expect(await detectMemory(root)).toEqual({ total: 8 * gib, available: 7 * gib, limited: true });
  });

  it('takes the huge number of version 1 for no limit, and a limit above the machine for none', async () => {
    write('proc/self/cgroup', '4:memory:/');
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', '9223372036854771712');
    expect((await detectMemory(root)).limited).toBe(false);
    write('sys/fs/cgroup/memory/memory.limit_in_bytes', 64 * gib);
    expect((await detectMemory(root)).total).toBe(16 * gib);
  });

  it('of this machine is more than what this process takes', async () => {
    const memory = await detectMemory();
    expect(memory.total).toBeGreaterThan(process.memoryUsage.rss());
    expect(memory.available).toBeLessThanOrEqual(memory.total);
  });
});
