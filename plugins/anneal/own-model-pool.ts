import { TextModel } from '@anneal/engine';
import { type Held, ModelPool } from '../local-models/model-pool.ts';
import type { OwnModelFolders } from './own-model-folders.ts';

export interface OwnModelPoolOptions {
  /** All models together. Bytes. */
  mostBytes: number;
  /** Without a question, after which a model is let go. Milliseconds. */
  idleTime: number;
  /** CPU threads of one pass; 0: one for each core. */
  threads: number;
  /** Memory that a model takes. Bytes. */
  sizeOf: (folder: string) => Promise<number>;
}

/** A model in memory, and the adapters that were put onto it: they share its weights. */
class OwnModel implements Held {
  readonly bytes: number;
  readonly #base: TextModel;
  readonly #adapters = new Map<string, Promise<TextModel>>();

  constructor(base: TextModel, bytes: number) {
    this.#base = base;
    this.bytes = bytes;
  }

  /** @param adapter its folder; null: the model as it is */
  async with(adapter: string | null): Promise<TextModel> {
    if (adapter === null) return this.#base;
    const known = this.#adapters.get(adapter);
    if (known) return known;
    const opened = this.#base.withAdapter(adapter);
    this.#adapters.set(adapter, opened);
    opened.catch(() => this.#adapters.delete(adapter));
    return opened;
  }

  async release(): Promise<void> {
    for (const adapter of this.#adapters.values()) await adapter.then((opened) => opened.release()).catch(() => undefined);
    await this.#base.release();
  }
}

/** Keeps models in memory while they are asked, by the folders of their weights. */
export class OwnModelPool {
  readonly #pool: ModelPool<string, OwnModel>;

  constructor({ threads, ...options }: OwnModelPoolOptions) {
    const load = async (folder: string, bytes: number) => new OwnModel(await TextModel.open(folder, threads), bytes);
    this.#pool = new ModelPool({ ...options, nameOf: (folder) => folder, load });
  }

  /** Folders of the models in memory, the least recently used first. */
  get folders(): string[] {
    return this.#pool.names;
  }

  /**
   * Uses a model, which is loaded first if need be. It is not let go before the work ends.
   * @throws PoolFull, EngineError when its files cannot be used
   */
  async *use<Piece, End>(
    { base, adapter }: OwnModelFolders,
    work: (model: TextModel) => AsyncGenerator<Piece, End>,
  ): AsyncGenerator<Piece, End> {
    const { model, done } = await this.#pool.take(base);
    try {
      return yield* work(await model.with(adapter));
    } finally {
      done();
    }
  }

  /** Loads a model that is not in memory. @throws as `use` */
  async warmUp({ base, adapter }: OwnModelFolders): Promise<void> {
    const { model, done } = await this.#pool.take(base);
    try {
      await model.with(adapter);
    } finally {
      done();
    }
  }

  /** Lets a model go, with all its adapters, unless it is in use. */
  async unload(folder: string): Promise<void> {
    await this.#pool.unload(folder);
  }
}
