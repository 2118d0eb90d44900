import { Feed } from './feed.ts';
import type { Channel } from './page.ts';

/** The feeds of one kind that are followed now. */
export class Feeds<Event> {
  readonly #open = new Map<string, Feed<Event>>();

  /** Joins the feed of a channel; the first who comes opens it, the last who leaves closes it. */
  join(channel: Channel<Event>): Feed<Event> {
    const feed = this.#open.get(channel.name) ?? this.#add(channel);
    feed.join();
    return feed;
  }

  #add(channel: Channel<Event>): Feed<Event> {
    const feed: Feed<Event> = new Feed(channel, () => {
      // One that has ended is followed to its end by those who have it, while others may have opened the next.
      if (this.#open.get(channel.name) === feed) this.#open.delete(channel.name);
    });
    this.#open.set(channel.name, feed);
    return feed;
  }
}
