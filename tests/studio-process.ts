import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeArguments } from '@anneal/engine';
import { freePort } from '@anneal/prisma/testing';

const root = path.resolve(import.meta.dirname, '..');
const ended = ['COMPLETED', 'CANCELLED', 'FAILED'];

/** The values of one metric, by step. */
export type Curve = ReadonlyMap<number, number>;

/** A real studio in a process of its own, with a data folder of its own. */
export class TestStudio {
  readonly origin: string;
  readonly #port: number;
  readonly #settings: Readonly<Record<string, string>>;
  readonly dataFolder: string;
  #process: ChildProcess | undefined;
  #output = '';

  constructor(port: number, dataFolder: string, settings: Readonly<Record<string, string>>) {
    this.#port = port;
    this.#settings = settings;
    this.dataFolder = dataFolder;
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** @param settings beside those that say where it is */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TestStudio> {
    if (!existsSync(path.join(root, 'client/build/index.html'))) {
      throw new Error('The web client has not been built. Run npm test, which builds it, or npm run build -w client.');
    }
    const studio = new TestStudio(await freePort(), await mkdtemp(path.join(os.tmpdir(), 'anneal-studio-')), settings);
    await studio.open();
    return studio;
  }

  /** Starts the process, also again after `kill`, and waits until it answers. */
  async open(): Promise<void> {
    const place = { PORT: String(this.#port), HOST: '127.0.0.1', DATA_DIR: this.dataFolder, DATABASE_URL: '' };
    const environment = { ...process.env, ...place, ...this.#settings };
    const child = spawn(process.execPath, [...nodeArguments, 'api/main.ts', '--no-quickstart'], { cwd: root, env: environment });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#output += String(text)));
    for (;;) {
      if (child.exitCode !== null) throw new Error(`The studio stopped at its start:\n${this.#output}`);
      const answers = await fetch(`${this.origin}/graphql?query=${encodeURIComponent('{__typename}')}`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return;
      await pause(100);
    }
  }

  /** Ends the process without any warning, as a crash would. Training goes on. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Cancels what still runs, ends the process, and removes everything. */
  async close(): Promise<void> {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.#cancelAll();
    await this.end();
  }

  /** Ends the process, and removes everything; nothing may be training. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.dataFolder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** What the API answers. */
  async query(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<unknown> {
    const response = await fetch(`${this.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const answer: unknown = await response.json();
    const data = inside(answer, 'data');
    if (data === null || data === undefined) throw new Error(JSON.stringify(answer));
    return data;
  }

  /** Every point of a metric of a run, read from the API. */
  async curve(runId: string, key: string): Promise<Curve> {
    const answer = await this.query(
      'query ($id: ID!, $key: String!) { node(id: $id) { ... on Run { series(keys: [$key], maxPoints: 5000) { buckets { toStep last count } } } } }',
      { id: runId, key },
    );
    const buckets = list(inside(list(inside(answer, 'node', 'series'))[0], 'buckets'));
    return new Map(buckets.map((bucket) => [Number(inside(bucket, 'toStep')), Number(inside(bucket, 'last'))]));
  }

  async #cancelAll(): Promise<void> {
    for (;;) {
      const answer = await this.query('{ runs(first: 100) { edges { node { id state } } } }');
      const going = list(inside(answer, 'runs', 'edges'))
        .map((edge) => ({ id: inside(edge, 'node', 'id'), state: String(inside(edge, 'node', 'state')) }))
        .filter(({ state }) => !ended.includes(state));
      if (going.length === 0) return;
      for (const { id } of going) {
        await this.query('mutation ($id: ID!) { cancelRun(input: { runId: $id }) { __typename } }', { id });
      }
      await pause(250);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
}

/** A value inside nested objects, undefined where there is none. */
export function inside(value: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((inner, key) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    return new Map<string, unknown>(Object.entries(inner)).get(key);
  }, value);
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
