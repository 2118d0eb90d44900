import type { Feed } from './feed.ts';
import type { Page } from './page.ts';

/** What one reader wants of a feed. */
interface Wanted<Source, Event> {
  /** What of an event of the feed is meant; undefined: nothing. */
  select: (event: Source) => Event | undefined;
  /** Reads what is stored behind a position, up to and with another. Left out: as the feed does. */
  history?: (position: number, until: number) => Promise<Page<Event>>;
}

interface LiveOptions<Source, Event> extends Wanted<Source, Event> {
  /** Readers of the same name get the same events at the same positions. */
  name: string;
  /** Joins the feed. */
  join: () => Feed<Source>;
  /** Where this reader begins; left out: at the live end. */
  position?: number;
  signal?: AbortSignal;
}

/** A hold on a live stream: page after page from any position, without gap or overlap. */
export interface Follower<Event> {
  /** Where the live end is. @throws NotFound */
  end(): Promise<number>;
  /**
   * The page behind a position; waits while there is nothing. Without parts and last: it has ended.
   * @returns undefined when the signal came first
   */
  next(position: number, signal?: AbortSignal): Promise<Page<Event> | undefined>;
  /** A page of what is stored behind a position, no further than another that is not beyond the live end. */
  read(position: number, until: number): Promise<Page<Event>>;
  leave(): void;
}

/**
 * What one reader asked to follow. Iterating gives its events from its position on. A server whose readers asked for the same
 * `name` follows once for all of them instead.
 */
export class Live<Event = unknown> implements AsyncIterable<Event> {
  readonly name: string;
  readonly position: number | undefined;
  /** Every follower needs its `leave`. */
  readonly follow: () => Follower<Event>;
  readonly #signal: AbortSignal | undefined;

  private constructor(name: string, position: number | undefined, follow: () => Follower<Event>, signal: AbortSignal | undefined) {
    this.name = name;
    this.position = position;
    this.follow = follow;
    this.#signal = signal;
  }

  static of<Source, Event>({ name, join, position, signal, ...wanted }: LiveOptions<Source, Event>): Live<Event> {
    return new Live(name, position, () => follow(join(), wanted), signal);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, undefined> {
    const follower = this.follow();
    try {
      let position = this.position ?? (await follower.end());
      for (;;) {
        const page = await follower.next(position, this.#signal);
        if (!page) return;
        for (const { event } of page.parts) if (event !== undefined) yield event;
        if (page.isLast) return;
        position = page.to;
      }
    } finally {
      follower.leave();
    }
  }
}

/** At the live end, a follower waits for the page that is read for everybody; behind it, it reads the database until it meets one. */
function follow<Source, Event>(feed: Feed<Source>, { select, history }: Wanted<Source, Event>): Follower<Event> {
  const selected = (page: Page<Source>): Page<Event> => ({
    ...page,
    parts: page.parts.map(({ from, to, event }) => ({ from, to, event: event === undefined ? undefined : select(event) })),
  });
  const read = async (position: number, until: number) => (history ? history(position, until) : selected(await feed.read(position, until)));
  return {
    read,
    end: () => feed.end(),
    async next(position, signal) {
      while (!signal?.aborted) {
        const end = await feed.end();
        const page = feed.pageAt(position);
        if (page) return selected(page);
        if (position < end) return read(position, feed.meetingBehind(position));
        if (feed.hasEnded) return { parts: [], from: position, to: position, isPartial: false, isLast: true };
        await feed.more(signal);
      }
      return undefined;
    },
    leave: () => feed.leave(),
  };
}
