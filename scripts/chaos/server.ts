import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { nodeArguments } from '@anneal/engine';

const program = path.join(import.meta.dirname, 'server-process.ts');

/** A process of the studio that comes back, on the same port, when it is killed. */
export class Server {
  readonly url: string;
  readonly #folder: string;
  readonly #databaseUrl: string;
  readonly #port: number;
  readonly #onDeath: (problem: string) => void;
  #child: ChildProcess | undefined;
  #isUp = false;

  /** @param onDeath told of a process that ends without being killed */
  constructor({
    folder,
    databaseUrl,
    port,
    onDeath,
  }: {
    folder: string;
    databaseUrl: string;
    port: number;
    onDeath: (problem: string) => void;
  }) {
    this.#onDeath = onDeath;
    this.#folder = folder;
    this.#databaseUrl = databaseUrl;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}/graphql`;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Starts it, and waits until it answers. */
  async open(): Promise<void> {
    const child = spawn(process.execPath, [...nodeArguments, program, this.#folder, String(this.#port)], {
      env: { ...process.env, DATABASE_URL: this.#databaseUrl },
      // What it writes must not get into the figures on the standard output.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#child = child;
    child.once('exit', (code) => {
      if (code === null) return;
      this.#isUp = false;
      this.#onDeath(`A server ended by itself, with ${code}.`);
      void this.open();
    });
    await Promise.race([once(child, 'message'), once(child, 'exit')]);
    this.#isUp = child.exitCode === null && child.signalCode === null;
  }

  /** Ends the process without a warning. */
  async kill(): Promise<void> {
    this.#isUp = false;
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}
