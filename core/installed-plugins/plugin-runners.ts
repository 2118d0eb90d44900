import type { PluginProcess } from '@anneal/plugins';
import type { PluginRunner } from './plugin-runner.ts';

export interface PluginRunnersOptions {
  /** @param moreFolders that calls have needed besides those that are read from the start */
  make: (moreFolders: readonly string[]) => Promise<PluginRunner>;
  /** A process could not be stopped. */
  onProblem: (error: unknown) => void;
}

/** The process of a plugin, and those whose place it has taken while their calls end. */
export class PluginRunners {
  readonly #options: PluginRunnersOptions;
  readonly #retired = new Set<PluginRunner>();
  readonly #moreFolders = new Set<string>();
  #current: Promise<PluginRunner> | null = null;
  #made: PluginRunner | null = null;

  constructor(options: PluginRunnersOptions) {
    this.#options = options;
  }

  /** Null: there was no call since the last change. */
  get process(): PluginProcess | null {
    return this.#made?.process ?? null;
  }

  /** The one that may read these folders: another one takes its place where it may not. @throws what `make` throws */
  async running(folders: readonly string[]): Promise<PluginRunner> {
    for (;;) {
      this.#current ??= this.#options.make([...this.#moreFolders]);
      const current = this.#current;
      const runner = await current.catch((error: unknown) => {
        if (this.#current === current) this.#current = null;
        throw error;
      });
      if (this.#current !== current) continue;
      this.#made = runner;
      if (runner.reads(folders)) return runner;
      for (const folder of folders) this.#moreFolders.add(folder);
      void this.unload();
    }
  }

  /** Lets the calls under way end, and then the process. @param graceSeconds that they have */
  async unload(graceSeconds?: number): Promise<void> {
    const going = this.#current;
    this.#current = null;
    this.#made = null;
    const runner = await going?.catch(() => null);
    if (!runner) return;
    this.#retired.add(runner);
    await runner.retire(graceSeconds).catch(this.#options.onProblem);
    this.#retired.delete(runner);
  }

  /** Ends all of them at once. */
  async close(): Promise<void> {
    const runner = await this.#current?.catch(() => null);
    await Promise.all([...this.#retired, ...(runner ? [runner] : [])].map((one) => one.retire(0)));
  }
}
