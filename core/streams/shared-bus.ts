import { longestMessage, Messages } from '@anneal/prisma';
import type { Logger } from '../logger.ts';
import { Bus, Topic, type TopicName } from './bus.ts';

/** What comes within this time goes out as one message, so the steps of a run do not mean as many notifications. Milliseconds. */
const coalescing = 20;

/**
 * A bus over several servers, by LISTEN and NOTIFY of PostgreSQL. Listeners in this process hear at once, others after a few
 * milliseconds. Messages may be lost while a connection is: when it is there again everybody is woken, and looks into the database.
 */
export class SharedBus extends Bus {
  readonly #messages: Messages;
  /** What others have not been told yet: `run:4x…` */
  readonly #pending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param url of a PostgreSQL database */
  constructor(url: string, logger: Logger) {
    super();
    this.#messages = new Messages(url, {
      log: (message) => logger.warn(message),
      onMessage: (text) => this.#receive(text),
      onGap: () => {
        void this.#send();
        for (const topic of this.topics.values()) topic.deliverAll();
      },
    });
  }

  override publish(key: string): void {
    super.publish(key);
    this.#tellOthers('run', key);
  }

  protected override newTopic(name: TopicName): Topic {
    return new SharedTopic((key) => this.#tellOthers(name, key));
  }

  override async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#send();
    await this.#messages.close();
  }

  #tellOthers(name: TopicName, key: string): void {
    this.#pending.add(`${name}:${key}`);
    this.#timer ??= setTimeout(() => void this.#send(), coalescing);
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    const words = [...this.#pending];
    this.#pending.clear();
    for (const message of packed(words)) {
      // Without a connection it waits for the next one.
      if (!(await this.#messages.send(message))) for (const word of message.split(' ')) this.#pending.add(word);
    }
  }

  #receive(message: string): void {
    for (const word of message.split(' ')) {
      const separator = word.indexOf(':');
      this.topics.get(word.slice(0, separator))?.deliver(word.slice(separator + 1));
    }
  }
}

/** A topic that the other servers hear too. */
class SharedTopic extends Topic {
  readonly #tellOthers: (key: string) => void;

  constructor(tellOthers: (key: string) => void) {
    super();
    this.#tellOthers = tellOthers;
  }

  override publish(key: string): void {
    super.publish(key);
    this.#tellOthers(key);
  }
}

/** Words, with spaces between them, in as few messages as they fit into. */
function packed(words: readonly string[]): string[] {
  const messages: string[] = [];
  for (const word of words) {
    const last = messages.at(-1);
    if (last !== undefined && last.length + word.length < longestMessage) messages[messages.length - 1] = `${last} ${word}`;
    else messages.push(word);
  }
  return messages;
}
