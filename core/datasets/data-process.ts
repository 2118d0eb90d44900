import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { nodeArguments } from '@anneal/engine';
import type { z } from 'zod';
import { Invalid, Unavailable } from '../errors.ts';
import { engineEnvironment } from '../runs/engine-process.ts';
import { type DataAnswer, dataAnswer, type DataQuestion, type DataRequest } from './data-protocol.ts';

const program = path.join(import.meta.dirname, 'data-program.ts');

/** Without a question for so long it is ended, to give its memory back. Milliseconds. */
const idleLimit = 60_000;

/** A process that reads datasets, so that the server does not wait for it. Started when it is asked, also again after its end; ended when it is idle. */
export class DataProcess {
  readonly #environment: Record<string, string | undefined>;
  readonly #waiting = new Map<number, (answer: DataAnswer | null) => void>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #nextId = 0;

  /** @param environment variables of the process, besides those that every process of the engine has */
  constructor(environment: Record<string, string | undefined> = {}) {
    this.#environment = environment;
  }

  /**
   * Asks, and waits for the answer.
   * @throws Invalid for what is wrong with the dataset, Unavailable when the process ended
   */
  async ask<Value>(request: DataRequest, form: z.ZodType<Value>): Promise<Value> {
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    const id = this.#nextId++;
    const answer = await new Promise<DataAnswer | null>((resolve) => {
      this.#waiting.set(id, resolve);
      child.send({ id, request } satisfies DataQuestion, (error) => {
        if (error) resolve(null);
      });
    });
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#idle = setTimeout(() => this.close(), idleLimit).unref();
    if (answer === null) throw new Unavailable('The process that reads datasets has ended, perhaps for want of memory. Try again.');
    if (answer.type === 'problem') throw new Invalid(answer.message, [{ path: '', message: answer.message }]);
    return form.parse(answer.value);
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [...nodeArguments, program], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      windowsHide: true,
      env: { ...engineEnvironment(), ...this.#environment },
    });
    child.on('message', (raw) => {
      const answer = dataAnswer.parse(raw);
      this.#waiting.get(answer.id)?.(answer);
    });
    const end = () => {
      if (this.#child === child) this.#child = undefined;
      for (const answer of this.#waiting.values()) answer(null);
    };
    child.on('error', end);
    child.on('exit', end);
    return child;
  }
}
