import { type CallOptions, type Issue, type Json, type PluginDescription, PluginFailure, type PluginManifest } from '@anneal/plugins';
import type { Logger } from '../logger.ts';
import { pause } from '../streams/wake.ts';
import type { PluginDecision } from './plugin-decisions.ts';
import type { FoundPlugin } from './plugin-folders.ts';
import { asSentence, type LoggedLine, PluginLog, withoutSecrets } from './plugin-log.ts';
import { PluginRunner } from './plugin-runner.ts';
import { PluginRunners } from './plugin-runners.ts';
import { PluginRecord, type PluginStateName, type PluginStatus } from './plugin-status.ts';
import { type EffectiveSettings, effectiveSettings, namesIn, secretNames, textsIn } from './plugin-settings.ts';
import type { PluginSettings } from './sealed-settings.ts';

export interface PluginRooms {
  /** Where built plugins are kept: those that come with the studio, and others. Absolute. */
  cacheFolders: { builtIn: string; others: string };
  logger: Logger;
  /** A variable of the environment. */
  variable: (name: string) => string | undefined;
  /** What a plugin that may read folders of the studio has to read. Absolute. */
  foldersFor: (plugin: string) => Promise<readonly string[]>;
}

export interface PluginCall extends Pick<CallOptions, 'onProgress' | 'timeoutSeconds'> {
  signal: AbortSignal;
  /** That the call has to read. Absolute. */
  folders?: readonly string[];
}

/** Failures that say that the plugin cannot be used as it lies there. */
const broken: ReadonlySet<string> = new Set(['MANIFEST_INVALID', 'KIT_MISMATCH', 'SOURCE_INVALID']);

/** Milliseconds. */
const busyPause = 100;
const isBusy = (error: unknown): boolean => error instanceof PluginFailure && error.code === 'BUSY';

/** What it was asked was wrong, not the plugin. */
const isRefusal = (error: Error): boolean => error instanceof PluginFailure && ['INPUT_INVALID', 'METHOD_UNKNOWN'].includes(error.code);

/** A plugin that lies in a folder: what it is, what was decided about it, and its process while it has one. */
export class InstalledPlugin {
  readonly found: FoundPlugin;
  readonly #rooms: PluginRooms;
  readonly #foundAt = new Date();
  readonly #log = new PluginLog(() => this.#secrets());
  #decision: PluginDecision;
  #settings: EffectiveSettings;
  readonly #runners: PluginRunners;
  #description: PluginDescription | null = null;
  #problem: PluginFailure | null;
  readonly #record = new PluginRecord();

  constructor(found: FoundPlugin, decision: PluginDecision, rooms: PluginRooms) {
    this.found = found;
    this.#problem = found.problem;
    this.#decision = decision;
    this.#rooms = rooms;
    this.#settings = this.#effective(decision);
    this.#runners = new PluginRunners({
      make: (moreFolders) => this.#make(moreFolders),
      onProblem: (error) => rooms.logger.warn({ error, plugin: found.name }, 'a plugin could not be stopped'),
    });
  }

  get name(): string {
    return this.found.name;
  }

  get manifest(): PluginManifest | null {
    return this.found.source?.manifest ?? null;
  }

  get decision(): PluginDecision {
    return this.#decision;
  }

  /** Settings that come from the environment, as nobody has set them. */
  get fromEnvironment(): readonly string[] {
    return this.#settings.fromEnvironment;
  }

  get isUsable(): boolean {
    return this.#decision.isEnabled && this.found.source !== null;
  }

  get status(): PluginStatus {
    const running = this.#runners.process?.status;
    const state = this.#state();
    const issues = running?.settingsIssues ?? [];
    return {
      state,
      since: this.#since(state),
      problems: [
        ...(this.#problem ? [asSentence(this.#problem.message)] : []),
        ...(this.#decision.problem === null ? [] : [this.#decision.problem]),
        ...(state === 'FAILED' && this.#record.failure ? [this.#record.failure.message] : []),
        ...issues.map(({ path, message }) => `The setting "${path}" is not valid: ${message}`),
      ],
      pid: running?.pid ?? null,
      memoryBytes: running?.residentBytes ?? null,
      calls: this.#record.calls,
      failedCalls: this.#record.failedCalls,
      callsInFlight: running?.callsInFlight ?? 0,
      lastError: this.#record.lastError,
      isolation: running?.isolation ?? null,
    };
  }

  /** @param most newest lines */
  logTail(most: number): readonly LoggedLine[] {
    return this.#log.tail(most);
  }

  /** What the plugin says of itself: it is loaded for that once. @throws PluginFailure */
  async describe(): Promise<PluginDescription> {
    if (this.#description) return this.#description;
    const runner = await this.#running([]);
    return this.#started(runner);
  }

  /** Starts its process if it has none. @throws PluginFailure */
  async warmUp(): Promise<void> {
    await this.#started(await this.#running([]));
  }

  /** Settings without those that hold secrets, and which of these are there. @throws PluginFailure */
  async shownSettings(): Promise<{ values: PluginSettings; secretsSet: string[] }> {
    const secret = new Set(secretNames((await this.describe()).settings));
    const entries = Object.entries(this.#settings.values);
    return {
      values: Object.fromEntries(entries.filter(([name]) => !secret.has(name))),
      secretsSet: entries.flatMap(([name]) => (secret.has(name) ? [name] : [])),
    };
  }

  /** @throws PluginFailure */
  async settingNames(): Promise<string[]> {
    return namesIn((await this.describe()).settings);
  }

  /** What is wrong with what would be set, by its own schema. @throws PluginFailure */
  async checkSettings(set: PluginSettings): Promise<readonly Issue[]> {
    const runner = await this.#running([]);
    await this.#started(runner);
    return runner.process.checkSettings({ ...this.#effective({ ...this.#decision, settings: set }).values });
  }

  /**
   * Asks it, and waits for its turn where it is asked a lot.
   * @throws PluginFailure; ModelError where the plugin says so; the reason of the signal
   */
  async call(method: string, input: Json, { folders = [], ...options }: PluginCall): Promise<Json> {
    for (;;) {
      const runner = await this.#running(folders);
      const leave = await runner.enter(options.signal);
      try {
        if (runner.isRetired) continue;
        const answer = await runner.process.call(method, input, this.#callOptions(options));
        this.#worked();
        return answer;
      } catch (error) {
        if (!isBusy(error)) throw this.#failed(error, options.signal);
        // A call that was cancelled takes its place until the plugin has left it.
        await pause(busyPause, options.signal);
        options.signal.throwIfAborted();
      } finally {
        leave();
      }
    }
  }

  /** The same for an answer in pieces. Leaving the loop cancels. */
  async *stream(method: string, input: Json, { folders = [], ...options }: PluginCall): AsyncGenerator<Json> {
    for (;;) {
      const runner = await this.#running(folders);
      const leave = await runner.enter(options.signal);
      try {
        if (runner.isRetired) continue;
        yield* runner.process.stream(method, input, this.#callOptions(options));
        this.#worked();
        return;
      } catch (error) {
        if (!isBusy(error)) throw this.#failed(error, options.signal);
        // A call that was cancelled takes its place until the plugin has left it.
        await pause(busyPause, options.signal);
        options.signal.throwIfAborted();
      } finally {
        leave();
      }
    }
  }

  /** Takes what was decided. Calls that are under way may end as they began, unless it was disabled. */
  apply(decision: PluginDecision): void {
    const before = JSON.stringify([this.#decision.isEnabled, this.#decision.isNetworkAllowed, this.#settings.values]);
    this.#decision = decision;
    this.#settings = this.#effective(decision);
    if (before === JSON.stringify([decision.isEnabled, decision.isNetworkAllowed, this.#settings.values])) return;
    this.#record.failure = null;
    void this.unload(decision.isEnabled ? undefined : 5);
  }

  /** Gives its memory back; the next call starts it again. @param graceSeconds that the calls under way have to end */
  unload(graceSeconds?: number): Promise<void> {
    return this.#runners.unload(graceSeconds);
  }

  /** Takes no more calls, as what is loaded anew has taken its place. @returns when those under way have ended */
  async retire(): Promise<void> {
    this.#decision = { ...this.#decision, isEnabled: false };
    await this.unload();
  }

  /** Ends its processes at once. */
  async close(): Promise<void> {
    this.#decision = { ...this.#decision, isEnabled: false };
    await this.#runners.close();
  }

  #effective({ settings }: PluginDecision): EffectiveSettings {
    return effectiveSettings(this.manifest, this.found.isBuiltIn, settings, this.#rooms.variable);
  }

  /** The process that may read these folders. @throws PluginFailure when there must be none */
  async #running(folders: readonly string[]): Promise<PluginRunner> {
    if (this.found.source === null) throw this.#unusable();
    if (this.#decision.isEnabled) return this.#runners.running(folders);
    throw new PluginFailure('STOPPED', `The plugin "${this.name}" is disabled. An administrator can enable it.`);
  }

  #unusable(): PluginFailure {
    return this.#problem ?? new PluginFailure('SOURCE_INVALID', `The plugin "${this.name}" cannot be used.`);
  }

  async #make(moreFolders: readonly string[]): Promise<PluginRunner> {
    const { source } = this.found;
    if (source === null) throw this.#unusable();
    const { permissions } = source.manifest;
    const { cacheFolders, foldersFor } = this.#rooms;
    return new PluginRunner({
      source,
      settings: this.#settings.values,
      network: permissions.network && this.#decision.isNetworkAllowed,
      folders: permissions.folders ? [...new Set([...(await foldersFor(this.name)), ...moreFolders])] : null,
      cacheFolder: cacheFolders[source.isBuiltIn ? 'builtIn' : 'others'],
      onLog: (line) => this.#log.add(line),
      onFailure: (failure) => this.#noteFailure(failure),
    });
  }

  async #started(runner: PluginRunner): Promise<PluginDescription> {
    try {
      this.#description = await runner.process.start();
      this.#worked();
      return this.#description;
    } catch (error) {
      throw this.#failed(error, null);
    }
  }

  #worked(): void {
    this.#record.succeeded();
    this.#problem = this.found.problem;
  }

  #callOptions(options: Omit<PluginCall, 'folders'>): CallOptions {
    this.#record.began();
    const { onProgress } = options;
    return {
      ...options,
      onLog: (line) => this.#log.add(line),
      onProgress: (fraction, message) => onProgress?.(fraction, message && withoutSecrets(message, this.#secrets())),
    };
  }

  /** What to throw for an error: messages of a plugin may hold what it was given in confidence. */
  #failed(error: unknown, signal: AbortSignal | null): unknown {
    if (signal?.aborted) return signal.reason;
    if (!(error instanceof Error) || isRefusal(error)) return error;
    const isHost = error instanceof PluginFailure;
    const message = withoutSecrets(isHost ? asSentence(error.message) : error.message, this.#secrets());
    const code = 'code' in error && typeof error.code === 'string' ? error.code : 'THREW';
    this.#record.failed(code, message);
    if (broken.has(code) && error instanceof PluginFailure) this.#problem = error;
    error.message = message;
    if (error.stack !== undefined) error.stack = withoutSecrets(error.stack, this.#secrets());
    return error;
  }

  /** Its process was ended. */
  #noteFailure(failure: PluginFailure): void {
    const message = withoutSecrets(asSentence(failure.message), this.#secrets());
    this.#record.ended(failure.code, message);
    this.#log.add({ level: 'error', message });
    this.#rooms.logger.warn({ plugin: this.name, code: failure.code }, message);
  }

  /** Until it is known which settings hold secrets, all do. */
  #secrets(): string[] {
    const { values } = this.#settings;
    const names = this.#description ? secretNames(this.#description.settings) : Object.keys(values);
    return names.flatMap((name) => textsIn(values[name]));
  }

  #state(): PluginStateName {
    if (this.#problem) return 'BROKEN';
    if (!this.#decision.isEnabled) return 'DISABLED';
    const state = this.#runners.process?.status.state;
    if (state === 'READY' || state === 'STARTING') return 'RUNNING';
    return this.#record.failure ? 'FAILED' : 'IDLE';
  }

  #since(state: PluginStateName): Date {
    switch (state) {
      case 'RUNNING':
        return this.#runners.process?.status.startedAt ?? new Date();
      case 'FAILED':
        return this.#record.failure?.time ?? this.#foundAt;
      case 'DISABLED':
        return this.#decision.updatedAt ?? this.#foundAt;
      case 'IDLE':
        return this.#record.lastUsedAt ?? this.#foundAt;
      case 'BROKEN':
        return this.#foundAt;
    }
  }
}
