import type { Channel, Page } from './page.ts';
import { orAborted, pause, Wake } from './wake.ts';

/** A follower that comes within so many pages of the live end takes them from here. */
const pagesKept = 16;

/**
 * The live end of a channel, read once for all who follow it. Nothing is read while nobody waits, only the last pages are kept, and
 * nothing waits for the slowest: who is behind reads the database by itself (see Follower).
 */
export class Feed<Event> {
  readonly #channel: Channel<Event>;
  readonly #onClose: () => void;
  readonly #wake = new Wake();
  readonly #closing = new AbortController();
  readonly #stopListening: () => void;
  readonly #pages: Page<Event>[] = [];
  readonly #opened: Promise<void>;
  #followers = 0;
  #end = 0;
  #hasEnded = false;
  #isPartial = false;
  /** When something new was read last. */
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;

  /** @param onClose called when the last follower has left, or the channel has ended: who comes then needs a new feed. */
  constructor(channel: Channel<Event>, onClose: () => void) {
    this.#channel = channel;
    this.#onClose = onClose;
    this.#stopListening = channel.listen(this.#wake.ring);
    this.#opened = channel.end().then((position) => void (this.#end = position));
    // Whoever follows is told; a follower may have left before.
    this.#opened.catch(() => undefined);
  }

  /** Every call needs its `leave`. */
  join(): void {
    this.#followers++;
  }

  leave(): void {
    if (--this.#followers > 0) return;
    this.#closing.abort();
    this.#stopListening();
    this.#onClose();
  }

  /** Where the live end is. */
  async end(): Promise<number> {
    await this.#opened;
    return this.#end;
  }

  /** Nothing will ever come behind `end`. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The kept page that begins at a position. */
  pageAt(position: number): Page<Event> | undefined {
    return this.#pages.findLast(({ from }) => from === position);
  }

  /** How far a reader behind the end may read such that a kept page follows, or the end. */
  meetingBehind(position: number): number {
    const page = this.#pages.find(({ to }) => to > position);
    if (!page) return this.#end;
    return page.from > position ? page.from : page.to;
  }

  /** What is stored behind a position, up to and with another. */
  read(position: number, until: number): Promise<Page<Event>> {
    return this.#channel.read(position, until);
  }

  /** Ends when the live end has moved or the channel has ended, or with the signal. */
  async more(signal?: AbortSignal): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => (this.#reading = undefined));
    await orAborted(this.#reading, signal);
  }

  async #readOn(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const early = this.#readAt + this.#channel.interval - performance.now();
      if (early > 0 && !this.#isPartial) await pause(early, signal);
      // What comes while the page is read rings again.
      this.#wake.reset();
      const page = await this.#channel.read(this.#end);
      if (page.to > this.#end || page.isLast) return this.#keep(page);
      await this.#wake.wait(signal);
    }
  }

  #keep(page: Page<Event>): void {
    this.#readAt = performance.now();
    this.#end = page.to;
    this.#isPartial = page.isPartial;
    this.#hasEnded = page.isLast;
    this.#pages.push(page);
    if (this.#pages.length > pagesKept) this.#pages.shift();
    if (page.isLast) this.#onClose();
  }
}
