import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { currentProcess, isRunning } from './process-identity.ts';
import { readFileIfThere } from './run-folder.ts';

const ownerSchema = z.object({ pid: z.int(), start: z.string().nullable(), attempt: z.int().min(1), since: z.number() });

/** Who works, or worked last, in a folder. `attempt` counts the processes that did, from 1; `since` is milliseconds since 1970. */
export type Owner = z.output<typeof ownerSchema>;

/** What a claim file says; null when there is none or it cannot be read. */
export function readOwner(file: string): Owner | null {
  return parseOwner(readFileIfThere(file));
}

/**
 * Makes this process the owner of what the claim file stands for. The claim needs no release: it ends with the process.
 * @param taken what to say when somebody else has it.
 * @throws EngineError `RUN_FOLDER_BUSY`
 */
export function claim(file: string, taken: (owner: Owner) => string): Owner {
  let previous: Owner | null = null;
  // Each turn somebody else got ahead; more than a few turns mean that they keep doing so.
  for (let turn = 0; turn < 5; turn++) {
    const owner = { ...currentProcess(), attempt: (previous?.attempt ?? 0) + 1, since: Date.now() };
    if (create(file, owner)) return owner;
    const found = readOwner(file);
    if (found && isRunning(found)) throw new EngineError('RUN_FOLDER_BUSY', taken(found));
    previous = found ?? previous;
    removeStale(file, found);
  }
  throw new EngineError('RUN_FOLDER_BUSY', `${file} is being taken by other processes.`);
}

/** Puts the file there whole, and only if there is none. */
function create(file: string, owner: Owner): boolean {
  const partial = `${file}.${randomUUID()}.partial`;
  fs.writeFileSync(partial, `${JSON.stringify(owner)}\n`);
  try {
    fs.linkSync(partial, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(partial, { force: true });
  }
}

/** Takes the claim of a dead process away; if it turns out to be a new one, it is put back. */
function removeStale(file: string, stale: Owner | null): void {
  const aside = `${file}.${randomUUID()}.partial`;
  try {
    fs.renameSync(file, aside);
    const moved = readOwner(aside);
    if (moved && (moved.pid !== stale?.pid || moved.since !== stale.since)) fs.linkSync(aside, file);
  } catch (error) {
    // Another process was quicker.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EEXIST'))) throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

function parseOwner(text: string | undefined): Owner | null {
  try {
    return ownerSchema.safeParse(JSON.parse(text ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}
