import { TextModel } from '@anneal/engine';
import type { OwnModelFolders } from './own-model-folders.ts';

/** A model in memory, and the adapters that were put onto it: they share its weights. */
interface Loaded {
  model: Promise<TextModel>;
  adapters: Map<string, Promise<TextModel>>;
  bytes: number;
  users: number;
  idle?: NodeJS.Timeout;
}

export interface PoolOptions {
  /** All models together. Bytes. */
  mostBytes: number;
  /** Without a question, after which a model is let go. Milliseconds. */
  idleTime: number;
  /** CPU threads of one pass; 0: one for each core. */
  threads: number;
  /** Memory that a model takes. Bytes. */
  sizeOf: (folder: string) => Promise<number>;
}

/** A model does not fit, now or ever. */
export class PoolFull extends Error {
  /** Whether it fits once others have their answers. */
  readonly isPassing: boolean;

  constructor(message: string, isPassing: boolean) {
    super(message);
    this.name = 'PoolFull';
    this.isPassing = isPassing;
  }
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Keeps models in memory while they are asked, as many as fit; the one that was asked longest ago goes first. */
export class ModelPool {
  readonly #options: PoolOptions;
  /** By folder, the least recently used first. */
  readonly #loaded = new Map<string, Loaded>();
  /** Room is made for one model at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Folders of the models in memory, the least recently used first. */
  get folders(): string[] {
    return [...this.#loaded.keys()];
  }

  /**
   * Uses a model, which is loaded first if need be. It is not let go before the work ends.
   * @throws PoolFull, EngineError when its files cannot be used
   */
  async *use<Piece, End>(
    { base, adapter }: OwnModelFolders,
    work: (model: TextModel) => AsyncGenerator<Piece, End>,
  ): AsyncGenerator<Piece, End> {
    const loaded = await this.#acquire(base);
    try {
      return yield* work(await (adapter === null ? loaded.model : this.#withAdapter(loaded, adapter)));
    } finally {
      this.#release(base, loaded);
    }
  }

  /** Loads a model that is not in memory. @throws as `use` */
  async warmUp({ base, adapter }: OwnModelFolders): Promise<void> {
    const loaded = await this.#acquire(base);
    try {
      if (adapter !== null) await this.#withAdapter(loaded, adapter);
    } finally {
      this.#release(base, loaded);
    }
  }

  /** Lets a model go, with all its adapters, unless it is in use. */
  async unload(folder: string): Promise<void> {
    const loaded = this.#loaded.get(folder);
    if (loaded?.users === 0) await this.#letGo(folder, loaded);
  }

  async #acquire(folder: string): Promise<Loaded> {
    const turn = this.#turn.then(() => this.#take(folder));
    this.#turn = turn.catch(() => undefined);
    const loaded = await turn;
    try {
      await loaded.model;
      return loaded;
    } catch (error) {
      if (this.#loaded.get(folder) === loaded) this.#loaded.delete(folder);
      throw error;
    }
  }

  async #take(folder: string): Promise<Loaded> {
    const known = this.#loaded.get(folder);
    if (!known) await this.#makeRoom(folder);
    const loaded: Loaded = known ?? {
      model: TextModel.open(folder, this.#options.threads),
      adapters: new Map(),
      bytes: await this.#options.sizeOf(folder),
      users: 0,
    };
    // It is waited for by whoever uses it.
    loaded.model.catch(() => undefined);
    clearTimeout(loaded.idle);
    loaded.users++;
    this.#loaded.delete(folder);
    this.#loaded.set(folder, loaded);
    return loaded;
  }

  async #makeRoom(folder: string): Promise<void> {
    const { mostBytes } = this.#options;
    const needed = await this.#options.sizeOf(folder);
    const of = `It takes ${gigabytes(needed)} of memory, and the models together may take ${gigabytes(mostBytes)} ("memoryGb" of the plugin's settings).`;
    if (needed > mostBytes) throw new PoolFull(`The model is too large to be asked here. ${of}`, false);
    const taken = () => [...this.#loaded.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [oldest, loaded] of [...this.#loaded]) {
      if (taken() + needed <= mostBytes) return;
      if (loaded.users === 0) await this.#letGo(oldest, loaded);
    }
    if (taken() + needed > mostBytes) throw new PoolFull(`There is no room for the model while others are being asked. ${of}`, true);
  }

  #withAdapter(loaded: Loaded, folder: string): Promise<TextModel> {
    const known = loaded.adapters.get(folder);
    if (known) return known;
    const opened = loaded.model.then((model) => model.withAdapter(folder));
    loaded.adapters.set(folder, opened);
    opened.catch(() => loaded.adapters.delete(folder));
    return opened;
  }

  #release(folder: string, loaded: Loaded): void {
    loaded.users--;
    if (loaded.users > 0) return;
    loaded.idle = setTimeout(() => void this.#letGo(folder, loaded), this.#options.idleTime).unref();
  }

  async #letGo(folder: string, loaded: Loaded): Promise<void> {
    clearTimeout(loaded.idle);
    if (this.#loaded.get(folder) === loaded) this.#loaded.delete(folder);
    for (const model of [...loaded.adapters.values(), loaded.model]) await model.then((opened) => opened.release()).catch(() => undefined);
  }
}
