// Plain JavaScript: the heartbeat's thread has no loader.
import fs from 'node:fs';
import path from 'node:path';

/**
 * How many processes the system has ended for want of memory: those of this process's control group where that counts them
 * (`memory.events` of version 2, `memory.oom_control` of version 1), since others' ends say nothing about this one; those of the
 * machine otherwise (`oom_kill` in /proc/vmstat, since Linux 4.13).
 * @param {string} root where /proc and /sys are found
 * @returns {number | null} null where nobody counts
 */
export function countMemoryKills(root = '/') {
  const groups = read(path.join(root, 'proc/self/cgroup')) ?? '';
  for (const [, controllers = '', group = ''] of groups.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    const isVersion2 = controllers === '';
    if (!isVersion2 && !controllers.split(',').includes('memory')) continue;
    // In version 1 the outermost group counts its own processes only.
    if (!isVersion2 && group === '/') continue;
    const file = isVersion2 ? ['sys/fs/cgroup', group, 'memory.events'] : ['sys/fs/cgroup/memory', group, 'memory.oom_control'];
    const count = counted(read(path.join(root, ...file)));
    if (count !== null) return count;
  }
  return counted(read(path.join(root, 'proc/vmstat')));
}

/** @param {string | null} text */
const counted = (text) => {
  const found = /^oom_kill (\d+)$/m.exec(text ?? '')?.[1];
  return found === undefined ? null : Number(found);
};

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
