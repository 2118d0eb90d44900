import fs from 'node:fs';
import readline from 'node:readline';
import { z } from 'zod';
import { parseJournalLine } from './journal-format.ts';
import { readFileIfThere } from './run-folder.ts';

/** What the heartbeat notes, so that a later worker knows how the one before it ended. */
const beatSchema = z.object({
  /** Processes that the system ended for want of memory since it was started, this worker not among them. */
  kills: z.int(),
  /** Resident memory of the worker, bytes. */
  resident: z.number().min(0),
  /** Highest step in the journal when the worker began. */
  step: z.int().min(0),
  /** Workers before it that ended so in a row, without a new step in between. */
  deaths: z.int().min(0),
});

/** What is to be noted in each beat beside the time. */
export type WorkerHistory = Pick<z.output<typeof beatSchema>, 'step' | 'deaths'>;

export interface MemoryDeath extends WorkerHistory {
  /** Memory of the worker before this one, shortly before its end, bytes. 0 where `deaths` is. */
  resident: number;
}

/** Counts the processes that were ended for want of memory (`oom_kill`, since Linux 4.13). Null elsewhere. */
export function countMemoryKills(file = '/proc/vmstat'): number | null {
  const found = /^oom_kill (\d+)$/m.exec(readFileIfThere(file) ?? '')?.[1];
  return found === undefined ? null : Number(found);
}

/**
 * Finds out whether the system ended the worker before this one because memory ran out: its heartbeat stopped without a
 * farewell, and the system has ended processes for that reason since.
 */
export async function findMemoryDeath(heartbeat: string, journal: string, kills = countMemoryKills()): Promise<MemoryDeath> {
  const step = await highestStep(journal);
  const before = readBeat(heartbeat);
  if (!before || kills === null || kills <= before.kills) return { step, deaths: 0, resident: 0 };
  return { step, deaths: step > before.step ? 1 : before.deaths + 1, resident: before.resident };
}

function readBeat(file: string): z.output<typeof beatSchema> | null {
  try {
    return beatSchema.parse(JSON.parse(readFileIfThere(file) ?? 'null'));
  } catch {
    return null;
  }
}

async function highestStep(file: string): Promise<number> {
  if (!fs.existsSync(file)) return 0;
  let highest = 0;
  for await (const text of readline.createInterface({ input: fs.createReadStream(file), crlfDelay: Infinity })) {
    const line = parseJournalLine(text);
    if (line?.type === 'metrics') highest = Math.max(highest, line.step);
  }
  return highest;
}
