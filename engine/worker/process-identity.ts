import fs from 'node:fs';
import process from 'node:process';

/** A process that cannot be taken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Boot of the machine and start of the process in clock ticks; null where the system does not tell (no /proc). */
  start: string | null;
}

export const currentProcess = (): ProcessIdentity => ({ pid: process.pid, start: readProcess(process.pid)?.start ?? null });

/** Whether that very process is still there. */
export function isRunning({ pid, start }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is one, of another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const found = readProcess(pid);
  if (!found) return true;
  // One that has ended and was not fetched by its parent yet.
  if (found.state === 'Z' || found.state === 'X') return false;
  return start === null || start === found.start;
}

/** proc(5): behind the name in parentheses come the state (field 3) and, as field 22, the start time. */
function readProcess(pid: number): { state: string; start: string } | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { state: fields[0] ?? '', start: `${boot} ${fields[19] ?? ''}` };
  } catch {
    return null;
  }
}
