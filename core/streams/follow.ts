import type { Bus } from './bus.ts';
import { pause, Wake } from './wake.ts';

/** A piece of a stream, read from the database. */
export interface Page<Item> {
  items: Item[];
  /** Where the next page begins. */
  position: number;
  /** There is more behind it already. */
  isPartial: boolean;
  /** Nothing will ever come behind it. */
  isLast: boolean;
}

interface FollowOptions<Item> {
  bus: Bus;
  runId: string;
  position: number;
  read: (position: number) => Promise<Page<Item>>;
  signal?: AbortSignal;
}

/** New things of this time come together. Milliseconds. */
const coalescing = 50;

/**
 * Pages from a position on, then whatever is new, until the run has ended and all was given. The next page is read only when it is
 * asked for, so a slow reader costs nothing and is never given too much.
 */
export async function* follow<Item>({ bus, runId, position, read, signal }: FollowOptions<Item>): AsyncGenerator<Page<Item>, undefined> {
  const wake = new Wake();
  const stop = bus.listen(runId, wake.ring);
  try {
    while (!signal?.aborted) {
      // What comes while the page is read rings again.
      wake.reset();
      const page = await read(position);
      position = page.position;
      if (page.items.length > 0) yield page;
      if (page.isPartial) continue;
      if (page.isLast) return;
      await wake.wait(signal);
      await pause(coalescing, signal);
    }
  } finally {
    stop();
  }
}
