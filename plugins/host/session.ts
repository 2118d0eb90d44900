import type { Issue } from '../kit/context.ts';
import { exportPiece } from '../kit/define-exporter.ts';
import type { PluginLimits } from '../kit/manifest.ts';
import type { Json } from '../kit/plugin.ts';
import { Budget } from './budget.ts';
import { Call } from './call.ts';
import { Child } from './child.ts';
import { failureOf } from './failure-of.ts';
import type { Launch } from './launch.ts';
import { LineGate, type Standing } from './line-gate.ts';
import { type FromPlugin } from './messages.ts';
import { isPlainJson } from './plain-json.ts';
import { type Ending, PluginFailure, type PluginFailureCode } from './plugin-failure.ts';
import { mismatch } from './result-schema.ts';
import type { CallOptions, PluginDescription, PluginLogLine, PluginSource } from './types.ts';
import { Watch } from './watch.ts';

export interface SessionOptions {
  source: PluginSource;
  launch: Launch;
  /** The built plugin. */
  file: string;
  isNetworkAllowed: boolean;
  settings: Json;
  cancelGraceSeconds: number;
  onLog(line: PluginLogLine): void;
  /** The last call has ended. */
  onQuiet(): void;
  onEnd(ending: Ending): void;
}

const mebibyte = 1024 * 1024;
/** Most that an answer may have, whatever the manifest says, unless the plugin comes with the studio. Bytes. */
const longestAnswer = 8 * mebibyte;
/** A JSON Schema that a plugin gives. Characters. */
const longestSchema = 256 * 1024;
/** Messages about calls that are over; some are on their way when a call is cancelled. */
const strays = { perSecond: 200, atOnce: 2000 };

/** One process of a plugin with the calls that it was sent. */
export class Session {
  readonly #options: SessionOptions;
  readonly #child: Child;
  readonly #watch: Watch;
  readonly #calls = new Map<number, Call>();
  readonly #questions = new Map<number, (answer: readonly Issue[] | PluginFailure) => void>();
  readonly #strays = new Budget(strays.perSecond, strays.atOnce);
  readonly startedAt = new Date();
  #description: PluginDescription | undefined;
  settingsIssues: readonly Issue[] = [];
  #nextId = 1;
  #hasLoaded: (() => void) | undefined;
  #ending: Ending | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { source, launch, file, isNetworkAllowed, settings } = options;
    const { limits } = source.manifest;
    const asked = Math.floor(limits.resultMb * mebibyte);
    const longestResult = source.isBuiltIn ? asked : Math.min(asked, longestAnswer);
    this.#child = new Child({
      launch,
      folder: source.folder,
      gate: new LineGate({ longestAnswer: longestResult, standingOf: (id) => this.#standingOf(id) }),
      onMessage: (message) => this.#take(message),
      onOutput: (line) => options.onLog(line),
      onEnd: (ending) => this.#end(ending),
    });
    this.#watch = new Watch(this.#child, limits, () => this.#calls.size > 0);
    this.#child.send({ type: 'load', file, isNetworkAllowed, settings, longestResult });
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  get residentBytes(): number | null {
    return this.#watch.residentBytes;
  }

  get isolation(): Launch['isolation'] {
    return this.#options.launch.isolation;
  }

  get callsInFlight(): number {
    return this.#calls.size;
  }

  /** @throws PluginFailure where the plugin could not be loaded; its process is ended then */
  async loaded(): Promise<PluginDescription> {
    const { startSeconds } = this.#limits;
    const timer = setTimeout(
      () => this.#child.end({ code: 'START_TIMEOUT', message: `was not loaded within ${startSeconds} s` }),
      startSeconds * 1000,
    );
    if (this.#ending === undefined && this.#description === undefined) {
      await new Promise<void>((resolve) => {
        this.#hasLoaded = resolve;
      });
    }
    clearTimeout(timer);
    if (this.#ending !== undefined) throw this.#failure(this.#ending.code, this.#ending.message);
    if (this.#description === undefined) throw new Error('loaded without a description');
    return this.#description;
  }

  end(ending: Ending): void {
    this.#child.end(ending);
  }

  gone(): Promise<void> {
    return this.#child.gone();
  }

  /** @throws PluginFailure */
  async ask(type: 'checkSettings' | 'configure', settings: Json): Promise<readonly Issue[]> {
    const id = this.#nextId++;
    const { timeoutSeconds } = this.#limits;
    const answer = await new Promise<readonly Issue[] | PluginFailure>((resolve) => {
      const late = () => resolve(this.#failure('TIMEOUT', `did not look at its settings within ${timeoutSeconds} s`));
      const timer = setTimeout(late, timeoutSeconds * 1000);
      this.#questions.set(id, (found) => {
        clearTimeout(timer);
        resolve(found);
      });
      if (this.#ending !== undefined) resolve(this.#failure(this.#ending.code, this.#ending.message));
      this.#child.send({ type, id, settings });
    });
    this.#questions.delete(id);
    if (answer instanceof PluginFailure) throw answer;
    if (type === 'configure') this.settingsIssues = answer;
    return answer;
  }

  /** What a call gives: one value, or its pieces. @throws PluginFailure, ModelError */
  async *values(method: string, input: unknown, isStream: boolean, options: CallOptions): AsyncGenerator<Json, void> {
    const known = Object.entries(this.#description?.methods ?? {}).find(([name]) => name === method)?.[1];
    if (known === undefined || known.isStream !== isStream) {
      throw this.#failure('METHOD_UNKNOWN', `has no method ${JSON.stringify(method)} ${isStream ? 'in pieces' : 'with one answer'}`);
    }
    const seconds = options.timeoutSeconds ?? this.#limits.timeoutSeconds;
    const call = new Call(this.#nextId++, method, isStream, options);
    const aborted = () => this.#cancel(call, this.#failure('CANCELLED', 'was told that nobody waits for its answer'));
    const late = () => this.#cancel(call, this.#failure('TIMEOUT', `did not answer ${method} within ${seconds} s`));
    this.#calls.set(call.id, call);
    if (this.#ending !== undefined) this.#over(call, this.#failure(this.#ending.code, this.#ending.message));
    this.#child.send({ type: 'call', id: call.id, method, input });
    options.signal?.addEventListener('abort', aborted);
    try {
      for (;;) {
        const value = await call.next(seconds, late, (pieces) => this.#child.send({ type: 'take', id: call.id, pieces }));
        if (value === undefined) return;
        this.#compare(method, known.output, value);
        yield value;
      }
    } finally {
      options.signal?.removeEventListener('abort', aborted);
      if (!call.isOver) aborted();
    }
  }

  get #limits(): PluginLimits {
    return this.#options.source.manifest.limits;
  }

  #failure(code: PluginFailureCode, message: string): PluginFailure {
    return new PluginFailure(code, `the plugin ${this.#options.source.manifest.name} ${message}`);
  }

  /** What the plugin says it gives, it has to give: also where it is not the kit that sends it. */
  #compare(method: string, schema: PluginDescription['methods'][string]['output'], value: Json): void {
    let wrong: string | undefined;
    try {
      wrong = mismatch(schema, value);
      // Files are written from these, so paths are looked at also where it is not the kit that sends them.
      const isFile = this.#options.source.manifest.kind === 'exporter' && method === 'export';
      if (isFile && !exportPiece.safeParse(value).success) wrong ??= 'it is no piece of a file with a path inside the export';
    } catch (error) {
      wrong = error instanceof Error ? error.message : String(error);
    }
    if (wrong !== undefined) throw this.#failure('RESULT_INVALID', `gave an answer to ${method} that does not fit its schema: ${wrong}`);
  }

  /** The call is over for its caller. The plugin is told, and has some time to leave it. */
  #cancel(call: Call, problem: PluginFailure): void {
    call.drop(problem);
    if (!this.#calls.has(call.id)) return;
    this.#child.send({ type: 'cancel', id: call.id });
    const leave = (): void => {
      if (!this.#calls.has(call.id)) return;
      this.#child.end({ code: 'IGNORED_CANCEL', message: `went on with ${call.method} after it was cancelled` });
    };
    setTimeout(leave, this.#options.cancelGraceSeconds * 1000).unref();
  }

  #over(call: Call, problem?: Error): void {
    call.end(problem);
    if (this.#calls.delete(call.id) && this.#calls.size === 0) this.#options.onQuiet();
  }

  #end(ending: Ending): void {
    this.#ending = ending;
    this.#watch.stop();
    const failure = this.#failure(ending.code, ending.message);
    for (const call of this.#calls.values()) call.end(failure);
    this.#calls.clear();
    for (const answer of this.#questions.values()) answer(failure);
    this.#hasLoaded?.();
    this.#options.onEnd(ending);
  }

  #standingOf(id: number): Standing {
    const call = this.#calls.get(id);
    if (call === undefined) return 'none';
    return call.isOver ? 'left' : 'awaited';
  }

  #take(message: FromPlugin): void {
    switch (message.type) {
      case 'pong':
        return this.#watch.pong(message.id) ? undefined : this.#stray();
      case 'loaded':
        return this.#load(message.description, message.settingsIssues);
      case 'notLoaded':
        return this.#child.end({ code: 'START_FAILED', message: `cannot be loaded: ${message.message}` });
      case 'settingsIssues':
        return (this.#questions.get(message.id) ?? (() => this.#stray()))(message.issues);
      case 'log':
        return this.#log(message);
      case 'progress':
        return this.#calls.get(message.id)?.options.onProgress?.(message.fraction, message.message);
      case 'result':
      case 'piece':
      case 'end':
      case 'error':
        return this.#takeAnswer(message);
    }
  }

  #load(description: PluginDescription, settingsIssues: readonly Issue[]): void {
    const { kind } = this.#options.source.manifest;
    if (this.#description !== undefined) return this.#malformed('said twice that it is loaded');
    if (description.kind !== kind) {
      const message = `is a ${kind} by its plugin.json, and its main module exports a ${description.kind}`;
      return this.#child.end({ code: 'START_FAILED', message });
    }
    const schemas = [description.settings, ...Object.values(description.methods).flatMap(({ input, output }) => [input, output])];
    if (schemas.some((schema) => JSON.stringify(schema).length > longestSchema)) {
      return this.#child.end({ code: 'START_FAILED', message: `has a schema of more than ${longestSchema} characters of JSON` });
    }
    this.#description = description;
    this.settingsIssues = settingsIssues;
    this.#watch.expectAnswers();
    this.#hasLoaded?.();
  }

  #log({ id, level, message, fields }: Extract<FromPlugin, { type: 'log' }>): void {
    const line: PluginLogLine = { level, message, ...(isPlainJson(fields) && isRecord(fields) ? { fields } : {}) };
    const onLog = id === undefined ? undefined : this.#calls.get(id)?.options.onLog;
    (onLog ?? this.#options.onLog)(line);
  }

  #takeAnswer(message: Extract<FromPlugin, { type: 'result' | 'piece' | 'end' | 'error' }>): void {
    const call = this.#calls.get(message.id);
    if (call === undefined) return this.#stray();
    if (message.type === 'error') return this.#over(call, failureOf(this.#options.source.manifest.name, message.error));
    if (message.type === 'end') return call.isStream ? this.#over(call) : this.#malformed('ended a call without an answer');
    if (call.isStream !== (message.type === 'piece')) return this.#malformed('answered in another form than was asked for');
    if (!isPlainJson(message.value)) return this.#malformed('answered without a value');
    if (call.isOver && message.type === 'piece') return this.#stray();
    if (!call.isOver && !call.add(message.value)) {
      return this.#child.end({ code: 'CHANNEL_FLOOD', message: `sent more pieces of ${call.method} than were asked for` });
    }
    if (message.type === 'result') this.#over(call);
  }

  #stray(): void {
    if (!this.#strays.take(1)) this.#child.end({ code: 'CHANNEL_FLOOD', message: 'answered again and again without being asked' });
  }

  #malformed(message: string): void {
    this.#child.end({ code: 'MALFORMED_MESSAGE', message });
  }
}

const isRecord = (value: Json): value is Record<string, Json> => typeof value === 'object' && value !== null && !Array.isArray(value);
