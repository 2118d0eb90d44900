import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { JournalEvent } from '@anneal/engine';
import type { PrismaClient } from '@anneal/prisma';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Invalid } from '../errors.ts';
import { ingest } from '../runs/ingest.ts';
import { databaseWithRun } from '../testing/database.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { Bus } from './bus.ts';
import { encodeCursor, eventsCursor, metricsCursor } from './cursor.ts';
import type { RunEventMessage } from './events-channel.ts';
import type { MetricsBatch } from './metrics-channel.ts';
import { StreamService } from './streams.ts';

let folder: string;
let prisma: PrismaClient;
let bus: Bus;
let streams: StreamService;
let sequence: number;
beforeEach(async () => {
  folder = temporaryFolder();
  prisma = await databaseWithRun(folder, 'run');
  bus = new Bus();
  streams = new StreamService(prisma, bus);
  sequence = 0;
});
afterEach(async () => {
  expect(bus.listeners).toBe(0);
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

const started: JournalEvent = {
  type: 'started',
  step: 0,
  totalSteps: 100,
  device: 'cpu',
  threads: 2,
  parameters: 5,
  trainableParameters: 1,
  trainExamples: 5,
  validationExamples: 5,
};
const metrics = (step: number): JournalEvent => ({
  type: 'metrics',
  step,
  epoch: 0,
  tokens: 0,
  values: { loss: step, learningRate: step, ...(step % 50 === 0 && { evaluationLoss: step }) },
});
const log = (step: number): JournalEvent => ({ type: 'log', step, level: 'info', message: `line ${step}` });
const completed: JournalEvent = { type: 'completed', step: 1, seconds: 1 };

async function commit(...events: JournalEvent[]): Promise<void> {
  const lines = events.map((event) => ({ ...event, seq: ++sequence, time: 1_700_000_000_000 + sequence }));
  await ingest(prisma, 'run', lines, sequence * 100);
  bus.publish('run');
}

const iteratorOf = <T>(stream: AsyncIterable<T>): AsyncIterator<T, unknown> => stream[Symbol.asyncIterator]();

async function collect<T>(stream: AsyncIterable<T>, most = Infinity): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) if (items.push(item) >= most) break;
  return items;
}

const stepsOf = (batches: readonly MetricsBatch[], key: string) =>
  batches.flatMap(({ points }) => points.filter((point) => point.key === key).map(({ step }) => step));
const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

describe('trainingMetrics', () => {
  it('gives each reader every point once, whenever it comes and goes on', async () => {
    const total = 1500;
    const writing = (async () => {
      await commit(started);
      for (let step = 1; step <= total;) {
        const size = 1 + Math.floor(Math.random() * 40);
        await commit(...range(step, Math.min(total, step + size - 1)).map(metrics));
        step += size;
        await setTimeout(Math.random() * 15);
      }
      await commit(completed);
    })();
    const reader = async () => {
      await setTimeout(Math.random() * 400);
      const run = await prisma.run.findUniqueOrThrow({ where: { id: 'run' } });
      const first = await collect(streams.trainingMetrics('run', { after: metricsCursor(run) }), 1 + Math.floor(Math.random() * 5));
      await setTimeout(Math.random() * 200);
      const rest = await collect(streams.trainingMetrics('run', { after: first.at(-1)?.cursor ?? metricsCursor(run) }));
      expect(stepsOf([...first, ...rest], 'loss')).toEqual(range(run.step + 1, total));
      expect(stepsOf([...first, ...rest], 'learningRate')).toEqual(range(run.step + 1, total));
    };
    await Promise.all([writing, ...Array.from({ length: 8 }, reader)]);
  });

  it('gives a long history in bounded batches, lines whole', async () => {
    await commit(started, ...range(1, 3000).map(metrics), completed);
    const batches = await collect(streams.trainingMetrics('run'));
    expect(Math.max(...batches.map(({ points }) => points.length))).toBeLessThanOrEqual(2000);
    expect(stepsOf(batches, 'loss')).toEqual(range(1, 3000));
    for (const { points } of batches)
      expect(points.filter(({ key }) => key === 'loss')).toHaveLength(points.filter(({ key }) => key === 'learningRate').length);
  });

  it('gives only the metrics that are asked for', async () => {
    for (let step = 1; step <= 6000; step += 2000) await commit(...range(step, step + 1999).map(metrics));
    await commit(started, completed);
    const batches = await collect(streams.trainingMetrics('run', { keys: ['evaluationLoss'] }));
    expect(stepsOf(batches, 'evaluationLoss')).toEqual(range(1, 120).map((index) => index * 50));
    expect(stepsOf(batches, 'loss')).toEqual([]);
  });

  it('reads what is new once for all who follow', async () => {
    await commit(started);
    let reads = 0;
    const counting = new Proxy(prisma, {
      get(target, name): unknown {
        if (name === 'metricPoint') reads++;
        return Reflect.get(target, name);
      },
    });
    const service = new StreamService(counting, bus);
    const readers = Array.from({ length: 80 }, (_, index) =>
      iteratorOf(service.trainingMetrics('run', { keys: index % 2 === 0 ? ['loss'] : undefined })),
    );
    const next = () => Promise.all(readers.map((reader) => reader.next()));
    let batches = next();
    await commit(metrics(1));
    await batches;
    reads = 0;
    for (let step = 2; step <= 20; step++) {
      batches = next();
      await commit(metrics(step));
      for (const [index, result] of (await batches).entries()) {
        const keys = index % 2 === 0 ? ['loss'] : ['learningRate', 'loss'];
        const points = result.done ? [] : result.value.points;
        expect(points.map(({ key, step: of }) => `${key} ${of}`)).toEqual(keys.map((key) => `${key} ${step}`));
      }
    }
    expect(reads).toBeLessThanOrEqual(2 * 19);
    for (const reader of readers) await reader.return?.();
  });

  it('keeps the points of one line together, however many they are', async () => {
    const values = Object.fromEntries(range(1, 3000).map((index) => [`metric${index}`, index]));
    await commit(started, metrics(1), { type: 'metrics', step: 2, epoch: 0, tokens: 0, values }, metrics(3), completed);
    const batches = await collect(streams.trainingMetrics('run'));
    expect(batches.map(({ points }) => points.length)).toEqual([2, 3000, 2]);
  });

  it('reads nothing ahead of a slow reader', async () => {
    await commit(started, ...range(1, 3000).map(metrics));
    const stream = streams.trainingMetrics('run')[Symbol.asyncIterator]();
    const first = await stream.next();
    await commit(...range(3001, 3500).map(metrics), completed);
    const rest: MetricsBatch[] = [];
    for (let next = await stream.next(); !next.done; next = await stream.next()) rest.push(next.value);
    expect(stepsOf([first.value, ...rest], 'loss')).toEqual(range(1, 3500));
  });

  it('ends at once when its reader leaves', async () => {
    await commit(started, metrics(1));
    const controller = new AbortController();
    const reading = collect(streams.trainingMetrics('run', { signal: controller.signal }));
    await setTimeout(100);
    controller.abort();
    expect(stepsOf(await reading, 'loss')).toEqual([1]);
  });

  it('refuses a cursor that is none, and a run that is none', async () => {
    for (const after of ['', 'x', 'bWV0cmljczot', encodeCursor('events', 3)])
      expect(() => streams.trainingMetrics('run', { after })).toThrow(Invalid);
    await expect(collect(streams.trainingMetrics('nobody'))).rejects.toThrow('no run nobody');
  });
});

describe('runEvents', () => {
  it('gives each event once and in order, then ends', async () => {
    const reading = collect(streams.runEvents('run'));
    await commit(started, log(1), metrics(1), { type: 'checkpoint', step: 1, path: 'checkpoints/step-00000001', bytes: 3, loss: 2 });
    for (let step = 2; step <= 300; step++) await commit(log(step));
    await commit({ type: 'artifact', step: 2, kind: 'adapter', path: 'artifacts/adapter', bytes: 5 }, completed);
    const messages = await reading;
    const short = ({ event }: RunEventMessage) => event.state ?? event.checkpoint?.path ?? event.artifact?.path ?? event.message;
    expect(messages.map(short)).toEqual([
      'RUNNING',
      'line 1',
      'checkpoints/step-00000001',
      ...range(2, 300).map((step) => `line ${step}`),
      'artifacts/adapter',
      'COMPLETED',
    ]);
    const again = await collect(streams.runEvents('run', { after: messages[249]!.cursor }));
    expect(again).toEqual(messages.slice(250));
    const run = await prisma.run.findUniqueOrThrow({ where: { id: 'run' } });
    expect(await collect(streams.runEvents('run', { after: eventsCursor(run) }))).toEqual([]);
  });
});

describe('runs', () => {
  it('tells of a run that changes all the time twice a second', async () => {
    const controller = new AbortController();
    const reading = collect(streams.runs({ signal: controller.signal }));
    await commit(started);
    const begun = performance.now();
    for (let step = 1; step <= 60; step++) {
      await commit(metrics(step));
      await setTimeout(15);
    }
    await setTimeout(600);
    controller.abort();
    const told = await reading;
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThanOrEqual((performance.now() - begun) / 500 + 1);
    expect(new Set(told.map(({ id }) => id))).toEqual(new Set(['run']));
  });
});
