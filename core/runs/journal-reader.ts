import fs from 'node:fs';
import path from 'node:path';
import { parseJournalLine, runFolderAt } from '@anneal/engine';
import type { PrismaClient } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import type { Bus } from '../streams/bus.ts';
import { pause } from '../streams/wake.ts';
import { ingest } from './ingest.ts';
import { readLines } from './journal-file.ts';
import { isEnded } from './states.ts';

export interface JournalReaderOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  /** The folder of a run. */
  folderOf: (runId: string) => string;
  /** Called when a run has ended and everything of it is stored. */
  onEnd: (runId: string) => void;
}

interface Followed {
  file: string;
  offset: number;
  watcher: fs.FSWatcher | undefined;
  /** The reading that is under way, and whether to look again behind it. */
  reading: Promise<void> | undefined;
  again: boolean;
  /** When the last batch was begun, unless it was full. Of performance.now(). */
  begunAt: number;
  /** Reading failed: not before this time. Milliseconds since 1970. */
  notBefore: number;
}

/** Lines in one transaction. */
const batchSize = 500;
/** Lines of this time come together: a transaction for each one would cost a trainer of small models a core. Milliseconds. */
const coalescing = 50;
/** Where the system does not tell of changes (network drives). Milliseconds. */
const pollInterval = 200;
const retryAfter = 2000;

/** Follows the journals of the active runs into the database. */
export class JournalReader {
  readonly #options: JournalReaderOptions;
  readonly #followed = new Map<string, Followed>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: JournalReaderOptions) {
    this.#options = options;
  }

  /** Begins with a run whose folder is there, or goes on with it. */
  async follow(runId: string): Promise<void> {
    if (this.#followed.has(runId)) return;
    const { journalOffset } = await this.#options.prisma.run.findUniqueOrThrow({ where: { id: runId }, select: { journalOffset: true } });
    if (this.#followed.has(runId)) return;
    const file = runFolderAt(this.#options.folderOf(runId)).journal;
    this.#followed.set(runId, {
      file,
      offset: Number(journalOffset),
      watcher: this.#watch(runId, file),
      reading: undefined,
      again: false,
      begunAt: -Infinity,
      notBefore: 0,
    });
    this.#timer ??= setInterval(() => this.#lookAtAll(), pollInterval).unref();
    this.#look(runId);
  }

  /** Stores everything that is in a journal now. @throws when that is not possible at the moment. */
  async drain(runId: string): Promise<void> {
    await this.follow(runId);
    // The reading under way may have begun before the last line was written.
    for (let turn = 0; turn < 2; turn++) {
      this.#look(runId);
      await this.#followed.get(runId)?.reading;
    }
    if ((this.#followed.get(runId)?.notBefore ?? 0) > Date.now()) throw new Error('the journal cannot be stored at the moment');
  }

  /** Stops following; what is being stored is waited for. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const readings = [...this.#followed.values()].flatMap(({ reading }) => reading ?? []);
    for (const runId of this.#followed.keys()) this.#unfollow(runId);
    await Promise.all(readings);
  }

  #watch(runId: string, file: string): fs.FSWatcher | undefined {
    try {
      const watcher = fs.watch(path.dirname(file), { persistent: false }, (_event, name) => {
        if (name === null || name === path.basename(file)) this.#look(runId);
      });
      return watcher.on('error', () => watcher.close());
    } catch {
      // No more watchers to be had: the poll does it alone.
      return undefined;
    }
  }

  #unfollow(runId: string): void {
    this.#followed.get(runId)?.watcher?.close();
    this.#followed.delete(runId);
  }

  #lookAtAll(): void {
    for (const [runId, { file, offset }] of this.#followed) {
      fs.stat(file, (error, stat) => {
        if (!error && stat.size !== offset) this.#look(runId);
      });
    }
  }

  #look(runId: string): void {
    const followed = this.#followed.get(runId);
    if (!followed || followed.notBefore > Date.now()) return;
    followed.again = true;
    followed.reading ??= this.#read(runId, followed).finally(() => (followed.reading = undefined));
  }

  async #read(runId: string, followed: Followed): Promise<void> {
    try {
      while (followed.again) {
        const early = followed.begunAt + coalescing - performance.now();
        if (early > 0) await pause(early);
        if (this.#followed.get(runId) !== followed) return;
        followed.again = false;
        followed.begunAt = performance.now();
        const lines = await this.#readBatch(runId, followed);
        if (lines > 0) followed.again = true;
        if (lines === batchSize) followed.begunAt = -Infinity;
      }
    } catch (error) {
      followed.notBefore = Date.now() + retryAfter;
      this.#options.logger.error({ error, runId }, 'the journal could not be stored; it is tried again');
    }
  }

  /** @returns how many lines it has stored; none: there is nothing more for now. */
  async #readBatch(runId: string, followed: Followed): Promise<number> {
    const { prisma, bus, logger, onEnd } = this.#options;
    const { texts, offset } = await readLines(followed.file, followed.offset, batchSize);
    if (texts.length === 0) {
      followed.offset = offset;
      return 0;
    }
    const lines = texts.flatMap((text) => {
      const line = parseJournalLine(text);
      if (!line) logger.error({ runId, text: text.slice(0, 200) }, 'a journal line cannot be read and is left out');
      return line ?? [];
    });
    const { isChanged, state, holes } = await ingest(prisma, runId, lines, offset);
    followed.offset = offset;
    for (const [first, last] of holes) logger.error({ runId, first, last }, 'the journal has a hole: these lines are missing');
    if (isChanged) bus.publish(runId);
    if (isEnded(state)) {
      this.#unfollow(runId);
      onEnd(runId);
      return 0;
    }
    return texts.length;
  }
}
