/**
 * What there are messages about: a run that changed, somebody's access, a base model whose download is further, the queue of
 * runs, which the server that looks after them hears, a plugin that was changed or is to be loaded anew, an execution that has more
 * text or has ended, one that somebody else has ended, and a batch of executions that is further.
 */
export type TopicName = 'run' | 'access' | 'baseModel' | 'queue' | 'plugin' | 'execution' | 'executionEnd' | 'executionBatch';

/** Key of a message for those who listen to all keys: messages were lost, and anything may have changed. */
export const anything = '*';

/** Messages of one kind. Each is a key alone: the id of a run, of a user. */
export class Topic {
  readonly #ofKey = new Map<string, Set<() => void>>();
  readonly #ofAll = new Set<(key: string) => void>();

  /** Something new was committed for a key. */
  publish(key: string): void {
    this.deliver(key);
  }

  /** Calls who listens in this process. */
  deliver(key: string): void {
    for (const listener of this.#ofKey.get(key) ?? []) listener();
    for (const listener of this.#ofAll) listener(key);
  }

  /** @returns ends it. */
  listen(key: string, listener: () => void): () => void {
    const listeners = this.#ofKey.get(key) ?? new Set();
    this.#ofKey.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#ofKey.get(key) === listeners) this.#ofKey.delete(key);
    };
  }

  /** @returns ends it. */
  listenToAll(listener: (key: string) => void): () => void {
    this.#ofAll.add(listener);
    return () => void this.#ofAll.delete(listener);
  }

  /** Calls everybody who listens in this process. */
  deliverAll(): void {
    for (const key of [...this.#ofKey.keys(), anything]) this.deliver(key);
  }

  /** How many listen. */
  get listeners(): number {
    return this.#ofAll.size + [...this.#ofKey.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }
}

/**
 * Tells who listens that something new is in the database, not what: listeners read it there. So a slow listener costs nothing,
 * and nothing is lost between reading and listening. The bus by itself is the topic of runs. This one stays in the process;
 * `SharedBus` joins those of several servers.
 */
export class Bus extends Topic {
  readonly #topics = new Map<string, Topic>([['run', this]]);

  topic(name: TopicName): Topic {
    const topic = this.#topics.get(name) ?? this.newTopic(name);
    this.#topics.set(name, topic);
    return topic;
  }

  /** Topics that somebody has asked for, by name. */
  protected get topics(): ReadonlyMap<string, Topic> {
    return this.#topics;
  }

  protected newTopic(_name: TopicName): Topic {
    return new Topic();
  }

  async close(): Promise<void> {
    // Nothing is open in a single process.
  }
}
