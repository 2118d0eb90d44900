import type { Issue } from '../kit/context.ts';
import type { Json } from '../kit/plugin.ts';
import { BackOff, type BackOffOptions, usualBackOff } from './back-off.ts';
import { buildPlugin } from './build.ts';
import { launch } from './launch.ts';
import { installedPackages } from './installed-packages.ts';
import { type Ending, PluginFailure } from './plugin-failure.ts';
import { Session } from './session.ts';
import type { CallOptions, GrantedPermissions, PluginDescription, PluginLogLine, PluginSource, PluginStatus } from './types.ts';

export interface PluginProcessOptions {
  source: PluginSource;
  /** Where built plugins are kept, absolute; made if it is not there. */
  cacheFolder: string;
  settings: Json;
  permissions: GrantedPermissions;
  /** Lines that belong to no call, and those of calls without an `onLog`. */
  onLog?: (line: PluginLogLine) => void;
  /** The process was ended for a failure, or could not be started. */
  onFailure?: (failure: PluginFailure) => void;
  backOff?: Partial<BackOffOptions>;
  /** False: namespaces of the kernel are not used, even where the system has them. */
  useNamespaces?: boolean;
  /** For which a cancelled call may go on before its process is ended. Left out: 5 seconds. */
  cancelGraceSeconds?: number;
}

const stopped: Ending = { code: 'STOPPED', message: 'was stopped' };

/**
 * A plugin in a process of its own. The process is started by `start` or the first call, ended when it is idle for long or does what it may
 * not, and started again by the next call, after a growing pause when it fails again and again. Calls that are in flight when it ends fail
 * with the reason.
 */
export class PluginProcess {
  readonly #options: PluginProcessOptions;
  readonly #backOff: BackOff;
  #settings: Json;
  #starting: Promise<Session> | undefined;
  #session: Session | undefined;
  /** Calls that wait for the start. */
  #waiting = 0;
  #starts = 0;
  #failures = 0;
  #lastFailure: PluginStatus['lastFailure'] = null;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: PluginProcessOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#backOff = new BackOff({ ...usualBackOff, ...options.backOff });
  }

  get status(): PluginStatus {
    const session = this.#session;
    const { retryAt } = this.#backOff;
    return {
      state: this.#starting !== undefined ? 'STARTING' : session !== undefined ? 'READY' : retryAt !== null ? 'BACKING_OFF' : 'STOPPED',
      pid: session?.pid ?? null,
      startedAt: session?.startedAt ?? null,
      starts: this.#starts,
      failures: this.#failures,
      lastFailure: this.#lastFailure,
      retryAt,
      callsInFlight: session?.callsInFlight ?? 0,
      residentBytes: session?.residentBytes ?? null,
      settingsIssues: session?.settingsIssues ?? [],
      isolation: session?.isolation ?? null,
    };
  }

  /** Starts the process if it does not run. @throws PluginFailure */
  async start(): Promise<PluginDescription> {
    return (await this.#ready()).loaded();
  }

  /** A process that is backing off may be started at once: somebody has changed something. */
  forgetFailures(): void {
    this.#backOff.forget();
  }

  /** What is wrong with settings, without taking them. @throws PluginFailure */
  async checkSettings(settings: Json): Promise<readonly Issue[]> {
    return (await this.#ready()).ask('checkSettings', settings);
  }

  /** Takes other settings, for the calls that begin from now on. @returns what is wrong with them @throws PluginFailure */
  async configure(settings: Json): Promise<readonly Issue[]> {
    this.#settings = settings;
    return (await this.#ready()).ask('configure', settings);
  }

  /** @throws PluginFailure; ModelError where the plugin threw one */
  async call(method: string, input: unknown, options: CallOptions = {}): Promise<Json> {
    for await (const value of this.#values(method, input, false, options)) return value;
    throw new Error('a call ended without a value');
  }

  /** Pieces as they come, no faster than they are taken. Leaving the loop cancels. @throws PluginFailure; ModelError */
  stream(method: string, input: unknown, options: CallOptions = {}): AsyncIterable<Json> {
    return this.#values(method, input, true, options);
  }

  /** Lets the calls in flight end, then ends the process. It can be started again. */
  async stop({ graceSeconds = 5 }: { graceSeconds?: number } = {}): Promise<void> {
    clearTimeout(this.#idle);
    const session = (await this.#starting?.catch(() => undefined)) ?? this.#session;
    if (session === undefined) return;
    const deadline = Date.now() + graceSeconds * 1000;
    while (session.callsInFlight > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    session.end(stopped);
    await session.gone();
  }

  /** Ends the process at once. */
  kill(): void {
    this.#session?.end(stopped);
  }

  async *#values(method: string, input: unknown, isStream: boolean, options: CallOptions): AsyncGenerator<Json, void> {
    const { concurrency } = this.#options.source.manifest.limits;
    if (this.#waiting + (this.#session?.callsInFlight ?? 0) >= concurrency) {
      const message = `has ${concurrency} calls in flight, which is its limit: ask again later`;
      throw this.#failure('BUSY', message, { retryAfterSeconds: 1 });
    }
    this.#waiting += 1;
    let session: Session;
    try {
      session = await this.#ready(options.signal);
      clearTimeout(this.#idle);
    } finally {
      this.#waiting -= 1;
    }
    yield* session.values(method, input, isStream, options);
  }

  async #ready(signal?: AbortSignal): Promise<Session> {
    this.#starting ??= this.#session === undefined ? this.#begin().finally(() => (this.#starting = undefined)) : undefined;
    const session = (await this.#starting) ?? this.#session;
    if (session === undefined) throw this.#failure('STOPPED', 'was stopped');
    if (signal?.aborted === true) throw this.#failure('CANCELLED', 'was not asked: the call was cancelled before');
    return session;
  }

  async #begin(): Promise<Session> {
    const { retryAt } = this.#backOff;
    if (retryAt !== null) {
      const seconds = Math.ceil((retryAt.getTime() - Date.now()) / 1000);
      const last = this.#lastFailure === null ? '' : ` (the last time: ${this.#lastFailure.message})`;
      const message = `failed again and again${last}: it is started again in ${seconds} s`;
      throw this.#failure('BACKING_OFF', message, { retryAfterSeconds: seconds });
    }
    this.#starts += 1;
    // The end of a process is recorded when it ends; what is wrong before there is one, here.
    const session = await this.#open().catch((error: unknown) => {
      if (error instanceof PluginFailure) this.#record(error, 0);
      throw error;
    });
    this.#session = session;
    await session.loaded();
    this.#quiet();
    return session;
  }

  async #open(): Promise<Session> {
    const { source, cacheFolder, permissions } = this.#options;
    const { limits, permissions: asked } = source.manifest;
    const { program, plugin, kit } = await buildPlugin(source, cacheFolder);
    const isNetworkAllowed = asked.network && permissions.network;
    const mayLoadNativeAddons = source.isBuiltIn && asked.nativeAddons;
    const folders = source.isBuiltIn && asked.folders ? (permissions.folders ?? []) : [];
    const readable = [
      program,
      plugin,
      kit,
      source.folder,
      ...folders,
      ...(mayLoadNativeAddons ? await installedPackages(source.folder) : []),
    ];
    const session: Session = new Session({
      source,
      launch: await launch({
        ...{ program, readable, limits, isNetworkAllowed, mayLoadNativeAddons },
        useNamespaces: this.#options.useNamespaces ?? true,
      }),
      file: plugin,
      isNetworkAllowed,
      settings: this.#settings,
      cancelGraceSeconds: this.#options.cancelGraceSeconds ?? 5,
      onLog: (line) => this.#options.onLog?.(line),
      onQuiet: () => this.#quiet(),
      onEnd: (ending) => this.#ended(session, ending),
    });
    return session;
  }

  #ended(session: Session, { code, message }: Ending): void {
    clearTimeout(this.#idle);
    if (this.#session === session) this.#session = undefined;
    if (code === 'STOPPED') return;
    this.#record(this.#failure(code, message), (Date.now() - session.startedAt.getTime()) / 1000);
  }

  #record(failure: PluginFailure, ranSeconds: number): void {
    this.#failures += 1;
    this.#lastFailure = { code: failure.code, message: failure.message, at: new Date() };
    this.#backOff.failed(ranSeconds);
    this.#options.onFailure?.(failure);
  }

  #quiet(): void {
    clearTimeout(this.#idle);
    const end = () => this.#session?.callsInFlight === 0 && this.#session.end(stopped);
    this.#idle = setTimeout(end, this.#options.source.manifest.limits.idleSeconds * 1000).unref();
  }

  #failure(code: PluginFailure['code'], message: string, options: { retryAfterSeconds?: number } = {}): PluginFailure {
    return new PluginFailure(code, `the plugin ${this.#options.source.manifest.name} ${message}`, options);
  }
}
