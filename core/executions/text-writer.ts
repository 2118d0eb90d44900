import { Prisma, type PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import type { Logger } from '../logger.ts';
import type { Bus } from '../streams/bus.ts';

/** The text of one attempt, as far as it has come. */
interface LiveText {
  attempt: number;
  text: string;
  /** UTF-16 units of it that are in the database. */
  stored: number;
  /** First half of a character whose second half has not come. */
  half: string;
}

export interface TextWriterOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  /** An execution that was ended elsewhere: nobody wants the rest of its text. */
  onLost: (executionId: string) => void;
}

/** Between two writes, at least, and for each text of the last one: many are written, and read, less often. Milliseconds. */
const interval = 100;
const perText = 1.5;
/** Of the time, at most this share is spent writing. */
const share = 0.2;
/** Rows of one statement. */
const rowsAPiece = 500;

const writtenIds = z.array(z.object({ id: z.string() }));

/**
 * Writes the texts of all executions that this server works on, together and some times a second, in one statement: what came since is
 * appended to each row. It notes which attempt a text belongs to; the text of a later attempt takes the place of the earlier one's.
 */
export class TextWriter {
  readonly #options: TextWriterOptions;
  readonly #texts = new Map<string, LiveText>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #nextAt = 0;

  constructor(options: TextWriterOptions) {
    this.#options = options;
  }

  /** A model is being asked. @param attempt higher than any that has text in the database */
  begin(id: string, attempt: number): void {
    this.#texts.set(id, { attempt, text: '', stored: 0, half: '' });
  }

  /** @returns how long the text of this attempt is now, in UTF-16 units */
  append(id: string, piece: string): number {
    const live = this.#texts.get(id);
    if (!live) return 0;
    const whole = live.half + piece;
    const cut = /[\uD800-\uDBFF]$/.test(whole) ? whole.length - 1 : whole.length;
    live.half = whole.slice(cut);
    live.text += storable(whole.slice(0, cut));
    this.#schedule();
    return live.text.length;
  }

  /** What the last attempt has written so far. */
  textOf(id: string): string {
    const live = this.#texts.get(id);
    return live ? live.text + storable(live.half) : '';
  }

  /** What is in the database, where this server knows it without looking. */
  storedText(id: string): { attempt: number; text: string } | undefined {
    const live = this.#texts.get(id);
    return live && live.stored > 0 ? { attempt: live.attempt, text: live.text.slice(0, live.stored) } : undefined;
  }

  /** Nothing of it is written from here any more: whoever ends an execution writes its whole text. */
  end(id: string): void {
    this.#texts.delete(id);
  }

  /** Writes what there is, at once. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.flush(), Math.max(0, this.#nextAt - performance.now()));
  }

  async #write(): Promise<void> {
    const begun = performance.now();
    const waiting = [...this.#texts].filter(([, live]) => live.text.length > live.stored);
    for (let from = 0; from < waiting.length; from += rowsAPiece) await this.#writePiece(waiting.slice(from, from + rowsAPiece));
    const now = performance.now();
    this.#nextAt = now + Math.max(interval, waiting.length * perText, (now - begun) / share);
    if ([...this.#texts.values()].some((live) => live.text.length > live.stored)) this.#schedule();
  }

  async #writePiece(piece: readonly (readonly [string, LiveText])[]): Promise<void> {
    const { prisma, bus, logger, onLost } = this.#options;
    const ends = piece.map(([, live]) => live.text.length);
    const rows = piece.map(
      ([id, { attempt, text, stored }], index) =>
        Prisma.sql`(CAST(${id} AS TEXT), CAST(${attempt} AS INTEGER), CAST(${stored} AS INTEGER), CAST(${ends[index]} AS INTEGER), CAST(${text.slice(stored)} AS TEXT))`,
    );
    try {
      // A text from its beginning on is written whatever stood there: that of an earlier attempt, or of a write whose end is not known.
      const written = await prisma.$queryRaw`
        WITH "piece" ("id", "attempt", "start", "end", "text") AS (VALUES ${Prisma.join(rows)})
        UPDATE "Execution" SET
          "output" = CASE WHEN "piece"."start" = 0 THEN "piece"."text" ELSE "Execution"."output" || "piece"."text" END,
          "outputLength" = "piece"."end",
          "attempts" = "piece"."attempt"
        FROM "piece"
        WHERE "Execution"."id" = "piece"."id" AND "Execution"."state" = 'RUNNING' AND (
          ("piece"."start" = 0 AND "Execution"."attempts" <= "piece"."attempt")
          OR ("Execution"."attempts" = "piece"."attempt" AND "Execution"."outputLength" = "piece"."start")
        )
        RETURNING "Execution"."id"`;
      const ids = new Set(writtenIds.parse(written).map(({ id }) => id));
      for (const [index, [id, live]] of piece.entries()) {
        if (this.#texts.get(id) !== live) continue;
        if (!ids.has(id)) {
          onLost(id);
          continue;
        }
        live.stored = ends[index] ?? 0;
        bus.topic('execution').publish(id);
      }
    } catch (error) {
      logger.warn({ error }, 'texts of executions could not be written; it is tried again');
      for (const [, live] of piece) live.stored = 0;
    }
  }
}

/** No text of a database has the character 0, and UTF-8 no half of a character. The length stays. */
const storable = (text: string): string => text.replaceAll(/[\0\p{Surrogate}]/gu, '\uFFFD');
