import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { nodeArguments } from '@anneal/engine';
import type { z } from 'zod';

/** A program of this folder in a process of its own, and what it says. */
export class Child<Message> {
  readonly process: ChildProcess;
  readonly #name: string;
  readonly #listeners = new Set<(message: Message) => void>();

  constructor(program: string, args: readonly string[], schema: z.ZodType<Message>) {
    this.#name = program;
    // What it writes must not get into the figures on the standard output.
    this.process = spawn(process.execPath, [...nodeArguments, path.join(import.meta.dirname, program), ...args], {
      stdio: ['ignore', 2, 2, 'ipc'],
      // As npm start sets it.
      env: { NODE_ENV: 'production', ...process.env },
    });
    this.process.on('message', (message) => {
      const checked = schema.parse(message);
      for (const listener of this.#listeners) listener(checked);
    });
  }

  /** @returns ends it. */
  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The first message that `pick` makes something of. @throws Error when the process ends before */
  first<Picked>(pick: (message: Message) => Picked | undefined): Promise<Picked> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`${this.#name} ended with ${code ?? 'a signal'} before its time.`));
      this.process.once('exit', ended);
      const stop = this.listen((message) => {
        const picked = pick(message);
        if (picked === undefined) return;
        stop();
        this.process.off('exit', ended);
        resolve(picked);
      });
    });
  }

  /** Lets it end by itself. */
  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
      this.process.once('exit', () => {
        clearTimeout(late);
        resolve();
      });
      if (this.process.connected) this.process.disconnect();
    });
  }
}
