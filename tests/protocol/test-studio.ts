import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startServer, type ServerOptions } from '@anneal/api';
import { createStudio, LocalLauncher, readConfig, type Studio, type Viewer } from '@anneal/core';
import { vi } from 'vitest';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { testDatabase } from '@anneal/prisma/testing';

export interface Answer<Data> {
  status: number;
  headers: Headers;
  data: Data;
  errors: { message: string; path?: (string | number)[]; extensions?: Record<string, unknown> }[];
  extensions: Record<string, unknown>;
}

export interface TestRun {
  /** Global id. */
  id: string;
  folder: string;
  /** Lets it go on where it holds. */
  release(): Promise<void>;
}

export interface TestStudio {
  url: string;
  studio: Studio;
  /** What was logged. */
  logged: { details: object; message: string }[];
  send<Data = unknown>(query: string, variables?: object, headers?: Record<string, string>): Promise<Answer<Data>>;
  /** Queues a run of so many steps that holds after one of them (0: does not hold). */
  startRun(steps: number, holdAfter?: number): Promise<TestRun>;
  /** Ends when the run has come to its end. */
  ended(run: TestRun): Promise<void>;
  close(): Promise<void>;
}

/** A connection, as documents of tests ask for it. */
export interface Connection<Node> {
  totalCount: number;
  edges: { node: Node }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
}

export interface TestStudioOptions extends Omit<Partial<ServerOptions>, 'studio' | 'port'> {
  /** Settings, as environment variables: `{ ACCOUNTS: 'required' }`. */
  environment?: Record<string, string>;
}

/** A whole studio in a folder of its own: real database, real server, and workers that write real journals (scripted-training.ts). */
export async function openStudio({ environment, ...options }: TestStudioOptions = {}): Promise<TestStudio> {
  const folder = await mkdtemp(path.join(tmpdir(), 'anneal-protocol-'));
  const places = await writeTinyModel(path.join(folder, 'tiny'));
  const launcher = new LocalLauncher({ program: path.join(import.meta.dirname, 'scripted-training.ts') });
  const studio = await createStudio(readConfig({ DATA_DIR: folder, DATABASE_URL: await testDatabase(folder), ...environment }), {
    launcher,
    slots: 4,
  });
  const logged: TestStudio['logged'] = [];
  const log = (details: object, message: string) => void logged.push({ details, message });
  const logger = { error: log, warn: log, info: log };
  const server = await startServer({ logger, clientFolder: path.join(folder, 'no-client'), ...options, studio, port: 0 });
  const endpoint = `${server.url}/graphql`;

  const send = async <Data = unknown>(query: string, variables?: object, headers: Record<string, string> = {}): Promise<Answer<Data>> => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors = [], extensions = {} } = await response.json();
    return { status: response.status, headers: response.headers, data, errors, extensions };
  };

  return {
    url: server.url,
    studio,
    logged,
    send,
    async startRun(steps, holdAfter = 0) {
      const { data } = await send<{ startRun: { data: { id: string } } }>(
        'mutation ($config: JSON) { startRun(input: { config: $config }) { ... on StartRunSuccess { data { id } } } }',
        {
          config: { ...tinyConfig(places, steps), schedule: { maxSteps: steps, warmupSteps: holdAfter } },
        },
      );
      const { id } = data.startRun.data;
      const folder = studio.runs.folderOf(Buffer.from(id, 'base64').toString().split(':')[1] ?? '');
      return { id, folder, release: () => writeFile(path.join(folder, 'go'), '') };
    },
    async ended(run) {
      for (;;) {
        const { data } = await send<{ node: { state: string } }>(
          'query ($id: ID!) { node(id: $id) { ... on Run { state error { message } } } }',
          { id: run.id },
        );
        if (['COMPLETED', 'FAILED', 'CANCELLED'].includes(data.node.state)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async close() {
      await server.close();
      await stopWorkers(studio);
      await studio.close();
      // A worker that has written its last line may still be closing its files.
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

/** Workers outlive a studio: those of a test must not outlive the test. */
async function stopWorkers({ prisma, runs }: Studio): Promise<void> {
  for (;;) {
    const active = await prisma.run.findMany({ where: { finishedAt: null, source: 'ENGINE' } });
    if (active.length === 0) return;
    const roles: Viewer['roles'] = new Map(active.map(({ projectId }) => [projectId, 'OWNER']));
    for (const run of active) await runs.cancel({ ...caretaker, roles }, run.id).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Whoever puts things away when a test is over. */
const caretaker: Viewer = {
  userId: 'local',
  name: 'Caretaker',
  isAdministrator: true,
  credential: { kind: 'local' },
  scopes: new Set(['train']),
  roles: new Map(),
  address: '',
};

/** Waits until a number does not change any more. */
export async function settled(read: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = read();
    if (now === before) return now;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Metrics without end, 1 MB a batch, as fast as they are asked for: to see whether they are asked for when nobody reads. */
export function endlessMetrics({ studio: { streams } }: TestStudio): { given: () => number; restore: () => void } {
  let given = 0;
  const point = { key: 'x'.repeat(10_000), rank: 0, step: 1, value: 1, nonFinite: null, epoch: 1, tokens: 1, time: new Date() };
  const points = Array.from({ length: 100 }, () => point);
  const spy = vi.spyOn(streams, 'trainingMetrics').mockImplementation(async function* (_runId, options) {
    while (!options?.signal?.aborted) yield { cursor: String(++given), points };
  });
  return { given: () => given, restore: () => spy.mockRestore() };
}
