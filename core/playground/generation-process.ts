import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import {
  nodeArguments,
  type PlaygroundChunk,
  playgroundChunk,
  type PlaygroundMessage,
  type PlaygroundModels,
  playgroundProgram,
} from '@anneal/engine';
import { engineEnvironment } from '../runs/engine-process.ts';

export type Settings = Extract<PlaygroundMessage, { type: 'request' }>['request']['settings'];

/** Both sides of an answer. */
const sides = 2;

/** Without a request for so long it is ended, to give its memory back. Milliseconds. */
const idleLimit = 5 * 60_000;

/** A process that holds the base model and the tuned one of a run and answers with both. It ends when it is idle. */
export class GenerationProcess {
  readonly #child: ChildProcess;
  readonly #listeners = new Map<number, (chunk: PlaygroundChunk | null) => void>();
  readonly #idleLimit: number;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 0;
  #ended = false;

  constructor(models: PlaygroundModels, onEnd: () => void, limit = idleLimit) {
    this.#idleLimit = limit;
    this.#child = spawn(process.execPath, [...nodeArguments, playgroundProgram, JSON.stringify(models)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      windowsHide: true,
      env: engineEnvironment(),
    });
    this.#child.on('message', (raw) => {
      const chunk = playgroundChunk.parse(raw);
      this.#listeners.get(chunk.id)?.(chunk);
    });
    const end = () => {
      if (this.#ended) return;
      this.#ended = true;
      clearTimeout(this.#idle);
      onEnd();
      for (const listener of this.#listeners.values()) listener(null);
    };
    this.#child.on('error', end);
    this.#child.on('exit', end);
    this.#rest();
  }

  /** The pieces of both answers as they come. Leaving the loop, or the signal, cancels the request. */
  async *generate(prompt: string, settings: Settings, signal: AbortSignal): AsyncGenerator<PlaygroundChunk> {
    const id = this.#nextId++;
    const waiting: (PlaygroundChunk | null)[] = [];
    let wake: () => void = () => undefined;
    this.#listeners.set(id, (chunk) => {
      waiting.push(chunk);
      wake();
    });
    const abort = () => wake();
    signal.addEventListener('abort', abort);
    clearTimeout(this.#idle);
    this.#send({ type: 'request', request: { id, prompt, settings } });
    try {
      let open = sides;
      while (open > 0 && !signal.aborted) {
        const chunk = waiting.shift();
        if (chunk === undefined) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        if (chunk === null) throw new Error('the generation process ended');
        if (chunk.done) open--;
        yield chunk;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      this.#listeners.delete(id);
      this.#send({ type: 'cancel', id });
      this.#rest();
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child.kill();
  }

  #send(message: PlaygroundMessage): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #rest(): void {
    clearTimeout(this.#idle);
    if (this.#listeners.size === 0 && !this.#ended) this.#idle = setTimeout(() => this.close(), this.#idleLimit).unref();
  }
}
