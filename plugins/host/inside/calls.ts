import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { PluginContext, PluginLog } from '../../kit/context.ts';
import type { Plugin } from '../../kit/plugin.ts';
import { type FromPlugin, longestText, streamWindow, type ToPlugin } from '../messages.ts';
import { callErrorOf } from './call-error.ts';

interface Outlet {
  send(message: FromPlugin): void;
  /** A message that is JSON already. */
  write(line: string): void;
  /** JSON of one answer or piece, bytes. */
  longestResult: number;
}

interface Running {
  controller: AbortController;
  /** Pieces that may be sent still, and who waits for more. */
  credit: number;
  resume: (() => void) | undefined;
}

/** Lines of the log in a second; more are left out, and their number told. Progress is told so often. */
const logLinesASecond = 200;
const progressMs = 50;

/** The calls that the studio has made and that have not ended. */
export class Calls {
  readonly #plugin: Plugin;
  readonly #outlet: Outlet;
  readonly #running = new Map<number, Running>();
  #settings: unknown;
  #log = { second: 0, lines: 0 };

  constructor(plugin: Plugin, settings: unknown, outlet: Outlet) {
    this.#plugin = plugin;
    this.#settings = settings;
    this.#outlet = outlet;
  }

  take(message: Exclude<ToPlugin, { type: 'load' | 'ping' }>): void {
    switch (message.type) {
      case 'call':
        void this.#call(message.id, message.method, message.input);
        return;
      case 'cancel':
        return this.#cancel(message.id);
      case 'take':
        return this.#take(message.id, message.pieces);
      case 'configure':
        this.#settings = message.settings;
        void this.#check(message.id, message.settings);
        return;
      case 'checkSettings':
        void this.#check(message.id, message.settings);
    }
  }

  #cancel(id: number): void {
    const running = this.#running.get(id);
    running?.controller.abort(new Error('nobody waits for the answer any more'));
    running?.resume?.();
  }

  #take(id: number, pieces: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.credit += pieces;
    running.resume?.();
  }

  async #check(id: number, settings: unknown): Promise<void> {
    this.#outlet.send({ type: 'settingsIssues', id, issues: (await this.#plugin.checkSettings(settings)).slice(0, 1000) });
  }

  async #call(id: number, name: string, input: unknown): Promise<void> {
    const method = this.#plugin.methods.get(name);
    if (method === undefined) {
      this.#outlet.send({ type: 'error', id, error: { kind: 'unknownMethod', message: `it has no method ${JSON.stringify(name)}` } });
      return;
    }
    const running: Running = { controller: new AbortController(), credit: streamWindow, resume: undefined };
    this.#running.set(id, running);
    try {
      const made = method.run(input, this.#context(id, running.controller.signal));
      if (Symbol.asyncIterator in made) {
        await this.#sendPieces(id, made, running);
        this.#outlet.send({ type: 'end', id });
      } else {
        this.#sendValue('result', id, await made);
      }
    } catch (error) {
      const told = callErrorOf(error);
      this.#outlet.send({ type: 'error', id, error: told });
      // Where in the plugin it went wrong is for its author.
      if (told.kind === 'threw' && error instanceof Error) this.#write('debug', error.stack ?? error.message, undefined, id);
    } finally {
      this.#running.delete(id);
    }
  }

  async #sendPieces(id: number, pieces: AsyncIterable<unknown>, running: Running): Promise<void> {
    const { signal } = running.controller;
    for await (const piece of pieces) {
      while (running.credit === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          running.resume = resolve;
        });
      }
      // Leaving the loop ends the plugin's generator.
      if (signal.aborted) break;
      running.credit -= 1;
      this.#sendValue('piece', id, piece);
    }
  }

  #sendValue(type: 'result' | 'piece', id: number, value: unknown): void {
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) throw new Error('it gave nothing that JSON can say');
    const bytes = Buffer.byteLength(json);
    if (bytes > this.#outlet.longestResult) {
      const message = `the answer is ${bytes} bytes of JSON, more than the ${this.#outlet.longestResult} that it may be (limits.resultMb of the manifest)`;
      throw Object.assign(new Error(message), { name: 'ResultTooLarge' });
    }
    this.#outlet.write(`{"type":"${type}","id":${id},"value":${json}}`);
  }

  #context(id: number, signal: AbortSignal): PluginContext {
    let lastProgress = -Infinity;
    const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: Record<string, unknown>) =>
      this.#write(level, message, fields, id);
    const log: PluginLog = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
    const progress = (fraction: number, message?: string): void => {
      const now = performance.now();
      if (!Number.isFinite(fraction) || (now - lastProgress < progressMs && fraction < 1)) return;
      lastProgress = now;
      this.#outlet.send({ type: 'progress', id, fraction: Math.min(1, Math.max(0, fraction)), message: message?.slice(0, longestText) });
    };
    return { settings: this.#settings, signal, log, progress };
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown> | undefined, id: number): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#log.second) {
      const left = this.#log.lines - logLinesASecond;
      if (left > 0) this.#outlet.send({ type: 'log', level: 'warn', message: `${left} lines of the log were left out` });
      this.#log = { second, lines: 0 };
    }
    this.#log.lines += 1;
    if (this.#log.lines <= logLinesASecond) this.#outlet.send({ type: 'log', id, level, message: message.slice(0, longestText), fields });
  }
}
