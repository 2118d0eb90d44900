import fs from 'node:fs';
import { EngineError } from '../errors.ts';
import { formatJournalLine, isFinal, type JournalEvent, type JournalLine, parseJournalLine } from './journal-format.ts';

/**
 * The writer of a run's journal. A line is handed to the system whole before `append` returns, so it survives the death of the
 * process; `sync` makes it survive a power cut too.
 */
export class Journal {
  readonly #file: string;
  readonly #descriptor: number;
  #bytes: number;
  #sequence: number;
  #last: JournalEvent['type'] | null;
  #syncing: Promise<void> | undefined;

  private constructor(file: string, descriptor: number, { bytes, last }: Tail) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#bytes = bytes;
    this.#sequence = last?.seq ?? 0;
    this.#last = last?.type ?? null;
  }

  /** Opens a journal for writing, or makes it. What a writer that was killed left behind its last whole line is cut off. */
  static open(file: string): Journal {
    const descriptor = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
    const tail = findTail(descriptor);
    fs.ftruncateSync(descriptor, tail.bytes);
    return new Journal(file, descriptor, tail);
  }

  /** Of the last line; 0 in an empty journal. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether the last line is a final one. */
  get isEnded(): boolean {
    return this.#last !== null && isFinal({ type: this.#last });
  }

  /** Whether the last line tells that training came to its end. */
  get isComplete(): boolean {
    return this.#last === 'completed';
  }

  /** @throws EngineError `RUN_FOLDER_UNUSABLE` when the line cannot be written; the journal is then as before. */
  append(event: JournalEvent): JournalLine {
    const line = { seq: this.#sequence + 1, time: Date.now(), ...event };
    const bytes = Buffer.from(`${formatJournalLine(line)}\n`);
    try {
      let written = 0;
      while (written < bytes.length)
        written += fs.writeSync(this.#descriptor, bytes, written, bytes.length - written, this.#bytes + written);
    } catch (error) {
      fs.ftruncateSync(this.#descriptor, this.#bytes);
      const reason = error instanceof Error ? error.message : String(error);
      throw new EngineError(
        'RUN_FOLDER_UNUSABLE',
        `The journal ${this.#file} cannot be written: ${reason}. Make room on the disk or mend its permissions.`,
        {
          cause: error,
        },
      );
    }
    this.#bytes += bytes.length;
    this.#sequence = line.seq;
    this.#last = line.type;
    return line;
  }

  /** Flushes what was appended to the disk, off the main thread. */
  sync(): Promise<void> {
    this.#syncing ??= new Promise<void>((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => {
        this.#syncing = undefined;
        if (error) reject(error);
        else resolve();
      });
    });
    return this.#syncing;
  }

  async close(): Promise<void> {
    await this.#syncing?.catch(() => undefined);
    await this.sync().catch(() => undefined);
    fs.closeSync(this.#descriptor);
  }
}

interface Tail {
  /** Length up to the end of the last whole line. */
  bytes: number;
  last: JournalLine | null;
}

const newline = 0x0a;

/** Looks for the last line that can be read, from the end on: after a power cut there may be several torn ones. */
function findTail(descriptor: number): Tail {
  let end = fs.fstatSync(descriptor).size;
  let isWhole = false;
  while (end > 0) {
    const start = lineStart(descriptor, end - (isWhole ? 1 : 0));
    if (isWhole) {
      const bytes = Buffer.alloc(end - 1 - start);
      fs.readSync(descriptor, bytes, 0, bytes.length, start);
      const last = parseJournalLine(bytes.toString('utf8'));
      if (last) return { bytes: end, last };
    }
    end = start;
    isWhole = true;
  }
  return { bytes: 0, last: null };
}

/** The place behind the last line end before `end`. */
function lineStart(descriptor: number, end: number): number {
  const block = Buffer.alloc(64 * 1024);
  for (let position = end; position > 0;) {
    const length = Math.min(block.length, position);
    fs.readSync(descriptor, block, 0, length, position - length);
    const found = block.subarray(0, length).lastIndexOf(newline);
    if (found >= 0) return position - length + found + 1;
    position -= length;
  }
  return 0;
}
