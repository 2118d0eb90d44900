/** Something in memory that can be let go. */
export interface Held {
  /** Memory that it takes. Bytes. */
  bytes: number;
  release(): Promise<void>;
}

interface Entry<Model> {
  model: Promise<Model>;
  /** What it is expected to take while it is being loaded, and what it takes then. */
  bytes: number;
  users: number;
  idle?: NodeJS.Timeout;
}

export interface PoolOptions<Key, Model> {
  nameOf: (key: Key) => string;
  /** Before it is loaded, as far as that can be known. Bytes. */
  sizeOf: (key: Key) => Promise<number>;
  /** @param bytes what `sizeOf` has told */
  load: (key: Key, bytes: number) => Promise<Model>;
  /** All models together. Bytes. */
  mostBytes: number;
  /** Without a question, after which a model is let go. Milliseconds. */
  idleTime: number;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** A model does not fit, now or ever. Whose model it is, and where the limit is set, is for the plugin to say. */
export class PoolFull extends Error {
  /** Whether it fits once others have their answers. */
  readonly isPassing: boolean;

  /** Both in bytes. */
  constructor(needed: number, most: number) {
    super(`It takes ${gigabytes(needed)} of memory, and the models together may take ${gigabytes(most)}`);
    this.name = 'PoolFull';
    this.isPassing = needed <= most;
  }
}

/** Keeps models in memory while they are asked, as many as fit; the one that was asked longest ago goes first. */
export class ModelPool<Key, Model extends Held> {
  readonly #options: PoolOptions<Key, Model>;
  /** By name, the least recently used first. */
  readonly #entries = new Map<string, Entry<Model>>();
  /** Room is made for one model at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PoolOptions<Key, Model>) {
    this.#options = options;
  }

  /** Names of the models in memory, the least recently used first. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** A model, loaded first if need be. It is not let go before `done` is called. @throws PoolFull; what loading it threw */
  async take(key: Key): Promise<{ model: Model; done: () => void }> {
    const name = this.#options.nameOf(key);
    const turn = this.#turn.then(() => this.#enter(name, key));
    this.#turn = turn.catch(() => undefined);
    const entry = await turn;
    try {
      const model = await entry.model;
      entry.bytes = model.bytes;
      return { model, done: () => this.#leave(name, entry) };
    } catch (error) {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      throw error;
    }
  }

  /** Lets a model go, unless it is in use. */
  async unload(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry?.users === 0) await this.#letGo(name, entry);
  }

  async #enter(name: string, key: Key): Promise<Entry<Model>> {
    const known = this.#entries.get(name);
    const bytes = known?.bytes ?? (await this.#options.sizeOf(key));
    if (!known) await this.#makeRoom(bytes);
    const entry: Entry<Model> = known ?? { model: this.#options.load(key, bytes), bytes, users: 0 };
    // It is waited for by whoever takes it.
    entry.model.catch(() => undefined);
    clearTimeout(entry.idle);
    entry.users += 1;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  async #makeRoom(needed: number): Promise<void> {
    const { mostBytes } = this.#options;
    const taken = () => [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    if (needed > mostBytes) throw new PoolFull(needed, mostBytes);
    for (const [oldest, entry] of [...this.#entries]) {
      if (taken() + needed <= mostBytes) return;
      if (entry.users === 0) await this.#letGo(oldest, entry);
    }
    if (taken() + needed > mostBytes) throw new PoolFull(needed, mostBytes);
  }

  #leave(name: string, entry: Entry<Model>): void {
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.idle = setTimeout(() => void this.#letGo(name, entry), this.#options.idleTime).unref();
  }

  async #letGo(name: string, entry: Entry<Model>): Promise<void> {
    clearTimeout(entry.idle);
    if (this.#entries.get(name) === entry) this.#entries.delete(name);
    await entry.model.then((model) => model.release()).catch(() => undefined);
  }
}
