import fs from 'node:fs';
import readline from 'node:readline';
import { z } from 'zod';
import { parseJournalLine } from './journal-format.ts';
import { countMemoryKills } from './memory-kills.mjs';
import { readFileIfThere, type RunFolder } from './run-folder.ts';

/** What the heartbeat notes, so that a later worker knows how the one before it ended. */
const beatSchema = z.object({
  /** Processes that the system ended for want of memory, this worker not among them. */
  kills: z.int(),
  /** Resident memory of the worker, bytes. */
  resident: z.number().min(0),
  /** Highest step in the journal when the worker began. */
  step: z.int().min(0),
  /** Length of its log then. */
  logBytes: z.int().min(0),
  /** Workers before it that ended so in a row, without a new step in between. */
  deaths: z.int().min(0),
});

/** What is to be noted in each beat beside the time. */
export type WorkerHistory = Pick<z.output<typeof beatSchema>, 'step' | 'logBytes' | 'deaths'>;

export interface MemoryDeath extends WorkerHistory {
  /** Who ended the worker before this one: the system, or Node, whose own memory (the heap) has a limit. Null where `deaths` is 0. */
  by: 'the system' | 'Node' | null;
  /** Memory of that worker shortly before its end, bytes. 0 where `deaths` is. */
  resident: number;
}

/**
 * Finds out whether the worker before this one was ended because memory ran out: its heartbeat stopped without a farewell, and either
 * the system has ended processes for that reason since, or Node's last words are in its log.
 */
export async function findMemoryDeath(
  { heartbeat, journal, log }: Pick<RunFolder, 'heartbeat' | 'journal' | 'log'>,
  kills = countMemoryKills(),
): Promise<MemoryDeath> {
  const now = { step: await highestStep(journal), logBytes: fs.statSync(log, { throwIfNoEntry: false })?.size ?? 0 };
  const before = readBeat(heartbeat);
  const by = before && endedBy(before, kills, log);
  if (!before || !by) return { ...now, deaths: 0, by: null, resident: 0 };
  return { ...now, deaths: now.step > before.step ? 1 : before.deaths + 1, by, resident: before.resident };
}

function endedBy(before: z.output<typeof beatSchema>, kills: number | null, log: string): MemoryDeath['by'] {
  if (kills !== null && kills > before.kills) return 'the system';
  const said = fs.existsSync(log) ? fs.readFileSync(log).subarray(before.logBytes).toString('utf8') : '';
  return /^FATAL ERROR: .*out of memory/m.test(said) ? 'Node' : null;
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
