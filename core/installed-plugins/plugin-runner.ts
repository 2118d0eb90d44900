import path from 'node:path';
import { type Json, type PluginFailure, type PluginLogLine, PluginProcess, type PluginSource } from '@anneal/plugins';
import { CallGate } from './call-gate.ts';

export interface RunnerOptions {
  source: PluginSource;
  settings: Readonly<Record<string, Json>>;
  network: boolean;
  /** That it may read, besides its own. Absolute; null: it asks for none. */
  folders: readonly string[] | null;
  cacheFolder: string;
  onLog: (line: PluginLogLine) => void;
  onFailure: (failure: PluginFailure) => void;
}

/** Calls that are under way when a plugin is changed may end. Seconds. */
const patience = 60;

/** The process of a plugin with certain settings and permissions. When these change another one takes its place. */
export class PluginRunner {
  readonly process: PluginProcess;
  readonly #folders: readonly string[] | null;
  readonly #gate: CallGate;
  #isRetired = false;

  constructor({ source, settings, network, folders, ...rest }: RunnerOptions) {
    this.#folders = folders;
    this.#gate = new CallGate(source.manifest.name, source.manifest.limits.concurrency);
    this.process = new PluginProcess({ source, settings, permissions: { network, folders: folders ?? [] }, ...rest });
  }

  /** Whether another one has taken its place: calls that have not begun go there. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Whether it may read all of these; one that asks for none has no use for them. */
  reads(folders: readonly string[]): boolean {
    const own = this.#folders;
    if (own === null) return true;
    return folders.every((folder) => own.some((known) => folder === known || folder.startsWith(known + path.sep)));
  }

  /** @returns gives the place back. @throws PluginFailure BUSY, or the reason of the signal */
  enter(signal: AbortSignal): Promise<() => void> {
    return this.#gate.enter(signal);
  }

  /** Lets the calls that are under way end, and takes no others. */
  async retire(graceSeconds = patience): Promise<void> {
    this.#isRetired = true;
    await this.process.stop({ graceSeconds });
  }
}
