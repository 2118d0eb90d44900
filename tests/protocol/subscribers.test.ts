import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { nodeArguments } from '@anneal/engine';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

const patiently = { timeout: 30_000 };

describe('many subscribers', () => {
  it('get every point exactly once, with one that stands still and one that comes back every second among them', async () => {
    const program = path.join(import.meta.dirname, '../../scripts/load/subscribers.ts');
    const options = ['--json', '--subscribers', '100', '--rate', '50', '--seconds', '3'];
    const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, program, ...options]);
    const figures: unknown = JSON.parse(stdout);
    expect(figures).toMatchObject({
      exactlyOnce: true,
      complete: 102,
      points: { expected: 102 * 150, received: 102 * 150, duplicates: 0, gaps: 0 },
      cut: 0,
      reconnections: expect.toSatisfy((count: number) => count > 0),
    });
  });

  it('are refused with a sentence when there are none', async () => {
    const program = path.join(import.meta.dirname, '../../scripts/load/subscribers.ts');
    const failing = promisify(execFile)(process.execPath, [...nodeArguments, program, '--subscribers', '0']);
    await expect(failing).rejects.toMatchObject({ stderr: expect.stringContaining('a whole number from 1 to 20000'), stdout: '' });
  });
});

describe('subscriptions that ask the same', () => {
  let studio: TestStudio;
  beforeAll(async () => {
    studio = await openStudio();
  });
  afterAll(() => studio.close());

  const url = () => `${studio.url.replace('http', 'ws')}/graphql`;
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

  interface Batch {
    data?: { trainingMetrics: Record<string, { step: number }[]> } | null;
  }

  /** Follows a run to its end on a socket of its own. */
  async function steps(query: string, id: string, begun?: (socket: WebSocket) => void): Promise<number[]> {
    let socket: WebSocket | undefined;
    const open = (opened: WebSocket) => (socket = opened);
    class Observed extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        open(this);
      }
    }
    const client = createClient({ url: url(), webSocketImpl: Observed });
    const all: number[] = [];
    for await (const { data } of client.iterate<NonNullable<Batch['data']>>({ query, variables: { id } })) {
      const [points = []] = Object.values(data?.trainingMetrics ?? {});
      all.push(...points.map(({ step }) => step));
      if (socket) begun?.(socket);
      begun = undefined;
    }
    await client.dispose();
    return all;
  }

  it('give each reader everything once, whatever else others select', async () => {
    const run = await studio.startRun(400, 5);
    const opened = vi.spyOn(studio.studio.streams, 'trainingMetrics');
    const documents = ['step', 'step value', 'step key time'].map(
      (fields) => `subscription ($id: ID!) { trainingMetrics(runId: $id, keys: ["loss"]) { points { ${fields} } } }`,
    );
    const readers = Array.from({ length: 30 }, (_, index) => steps(documents[index % 3] ?? '', run.id));
    await expect.poll(() => opened.mock.calls.length, patiently).toBe(30);
    await run.release();
    for (const all of await Promise.all(readers)) expect(all).toEqual(upTo(400));
    opened.mockRestore();
  });

  it('are not held up by one that does not read, which misses nothing', async () => {
    // 40 copies of each point: more than the operating system takes for a reader.
    const fields = Array.from({ length: 40 }, (_, index) => `a${index}: points { step value epoch tokens time }`).join(' ');
    const query = `subscription ($id: ID!) { trainingMetrics(runId: $id, keys: ["loss"]) { ${fields} } }`;
    const run = await studio.startRun(2500, 5);
    let resume: (() => void) | undefined;
    const stalled = steps(query, run.id, (socket) => {
      socket.pause();
      resume = () => socket.resume();
    });
    await expect.poll(() => resume, patiently).toBeDefined();
    const steady = steps(query, run.id);
    await run.release();
    expect(await steady).toEqual(upTo(2500));
    resume?.();
    expect(await stalled).toEqual(upTo(2500));
  });
});

describe('the hardware', () => {
  it('is told at once and then live, the same to all who follow', async () => {
    const studio = await openStudio();
    const { data } = await studio.send<{ hardware: { cores: number[]; memory: number } }>(
      '{ hardware { cpuUsage cores memory gpus { name } } }',
    );
    expect(data.hardware.memory).toBeGreaterThan(0);
    const query = 'subscription { hardware(everySeconds: 1) { time cores availableMemory } }';
    const clients = [1, 2].map(() => createClient({ url: `${studio.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket }));
    const streams = clients.map((client) => client.iterate<{ hardware: { time: string; cores: number[] } }>({ query }));
    const first = await Promise.all(streams.map((stream) => stream.next()));
    for (const { value } of first) expect(value).toMatchObject({ data: { hardware: { cores: expect.any(Array) } } });
    const second = await Promise.all(streams.map((stream) => stream.next()));
    expect(second[0]?.value).toEqual(second[1]?.value);
    for (const client of clients) await client.dispose();
    const { errors } = await studio.send('subscription { hardware(everySeconds: 0) { time } }', {}, { accept: 'application/json' });
    expect(errors).toMatchObject([{ message: expect.stringContaining('every 1 to 60 seconds'), extensions: { code: 'BAD_USER_INPUT' } }]);
    await studio.close();
  });
});
