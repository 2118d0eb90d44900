import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { type JournalEvent, nodeArguments } from '@anneal/engine';
import { Prisma, type PrismaClient } from '@anneal/prisma';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '../streams/bus.ts';
import { databaseWithRun } from '../testing/database.ts';
import { temporaryFolder, until } from '../testing/studio.ts';
import { JournalReader } from './journal-reader.ts';

let folder: string;
let journal: string;
let prisma: PrismaClient;
let reader: JournalReader;
let ended: string[];
let logged: string[];
beforeEach(async () => {
  folder = temporaryFolder();
  journal = path.join(folder, 'runs/run/journal.ndjson');
  fs.mkdirSync(path.dirname(journal), { recursive: true });
  prisma = await databaseWithRun(folder, 'run');
  [ended, logged] = [[], []];
  const logger = pino({ level: 'error' }, { write: (text: string) => void logged.push(text) });
  reader = new JournalReader({
    prisma,
    bus: new Bus(),
    logger,
    folderOf: (id) => path.join(folder, 'runs', id),
    onEnd: (id) => ended.push(id),
  });
});
afterEach(async () => {
  await reader.close();
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

const started: JournalEvent = {
  type: 'started',
  step: 0,
  totalSteps: 100,
  device: 'cpu',
  threads: 2,
  parameters: 5e9,
  trainableParameters: 10,
  trainExamples: 50,
  validationExamples: 5,
};
const metrics = (step: number): JournalEvent => ({
  type: 'metrics',
  step,
  epoch: step / 10,
  tokens: step * 7,
  values: { loss: 3 / step, learningRate: 0.1 },
});
const log = (step: number): JournalEvent => ({ type: 'log', step, level: 'warn', message: `line ${step}` });
const text = (events: readonly JournalEvent[], from = 1) =>
  events
    .map((event, index) => `${JSON.stringify({ seq: from + index, time: 1_700_000_000_000 + from * 1000 + index * 1000, ...event })}\n`)
    .join('');
const readRun = () => prisma.run.findUniqueOrThrow({ where: { id: 'run' } });

describe('JournalReader', () => {
  it('stores what the journal tells, and nothing twice', async () => {
    const events: JournalEvent[] = [
      started,
      metrics(1),
      log(1),
      metrics(2),
      { type: 'checkpoint', step: 2, path: 'checkpoints/step-00000002', bytes: 99, loss: 1.5 },
      { type: 'artifact', step: 2, kind: 'adapter', path: 'artifacts/adapter', bytes: 5 },
      { type: 'completed', step: 2, seconds: 3 },
    ];
    fs.writeFileSync(journal, text(events));
    await reader.drain('run');
    const run = await readRun();
    expect(run).toMatchObject({
      state: 'COMPLETED',
      step: 2,
      // It ended there, early.
      totalSteps: 2,
      parameters: 5e9,
      journalSequence: 7,
      journalOffset: BigInt(fs.statSync(journal).size),
      summary: { loss: { last: 1.5, lastStep: 2, min: 1.5, max: 3, count: 2 }, learningRate: { count: 2 } },
    });
    expect(ended).toEqual(['run']);
    await prisma.run.update({ where: { id: 'run' }, data: { journalOffset: 0 } });
    await reader.drain('run');
    expect(await prisma.metricPoint.count()).toBe(4);
    expect((await prisma.runEvent.findMany({ orderBy: { sequence: 'asc' } })).map(({ sequence, type }) => [sequence, type])).toEqual([
      [1, 'STATE'],
      [2, 'LOG'],
      [3, 'CHECKPOINT'],
      [4, 'ARTIFACT'],
      [5, 'STATE'],
    ]);
  });

  it('keeps why a run failed', async () => {
    fs.writeFileSync(
      journal,
      text([
        started,
        { type: 'failed', step: 0, code: 'DATASET_INVALID', message: 'Row 3 …', issues: [{ path: 'rows.3', message: 'is empty' }] },
      ]),
    );
    await reader.drain('run');
    expect(await readRun()).toMatchObject({
      state: 'FAILED',
      errorCode: 'DATASET_INVALID',
      errorMessage: 'Row 3 …',
      errorIssues: [{ path: 'rows.3', message: 'is empty' }],
    });
  });

  it('counts on after a roll-back, and knows what was saved by the step of its weights', async () => {
    const events: JournalEvent[] = [
      started,
      metrics(1),
      { type: 'rollback', step: 1, toStep: 0, rateFactor: 0.5, totalSteps: 101, reason: 'The loss exploded.' },
      metrics(2),
    ];
    fs.writeFileSync(journal, text(events));
    await reader.drain('run');
    expect(await readRun()).toMatchObject({ state: 'RUNNING', step: 2, totalSteps: 101 });
    fs.appendFileSync(
      journal,
      text([{ type: 'artifact', step: 2, weightsStep: 1, kind: 'adapter', path: 'artifacts/adapter', bytes: 5 }], 5),
    );
    await reader.drain('run');
    expect(await prisma.artifact.findMany()).toMatchObject([{ step: 1 }]);
  });

  it('knows a run that was paused, and that it goes on', async () => {
    fs.writeFileSync(journal, text([started, metrics(1), { type: 'paused', step: 1 }]));
    await reader.drain('run');
    expect(await readRun()).toMatchObject({ state: 'PAUSED', step: 1, finishedAt: null });
    expect(ended).toEqual([]);
  });

  it('is not held up by a checkpoint or an artifact that is told twice', async () => {
    const checkpoint: JournalEvent = { type: 'checkpoint', step: 2, path: 'checkpoints/step-00000002', bytes: 99, loss: 1.5 };
    const artifact: JournalEvent = { type: 'artifact', step: 2, kind: 'adapter', path: 'artifacts/adapter', bytes: 5 };
    fs.writeFileSync(journal, text([started, checkpoint, artifact, artifact]));
    await reader.drain('run');
    fs.appendFileSync(journal, text([checkpoint, artifact, { type: 'completed', step: 2, seconds: 3 }], 5));
    await reader.drain('run');
    expect(await readRun()).toMatchObject({ state: 'COMPLETED' });
    expect([await prisma.checkpoint.count(), await prisma.artifact.count()]).toEqual([1, 1]);
  });

  it('leaves a line alone until its end is there', async () => {
    const whole = text([started, metrics(1), metrics(2)]);
    await reader.follow('run');
    for (const length of [10, 200, whole.length - 1, whole.length]) {
      fs.writeFileSync(journal, whole.slice(0, length));
      await reader.drain('run');
      expect((await readRun()).journalSequence).toBe(whole.slice(0, length).split('\n').length - 1);
    }
    expect(logged).toEqual([]);
  });

  it('sees what is appended by itself', async () => {
    fs.writeFileSync(journal, '');
    await reader.follow('run');
    fs.appendFileSync(journal, text([started, metrics(1)]));
    await until(readRun, ({ step }) => step === 1);
    fs.appendFileSync(journal, text([metrics(2)], 3));
    expect(await until(readRun, ({ step }) => step === 2)).toMatchObject({ state: 'RUNNING' });
  });

  it('reports lines that are missing or cannot be read, and goes on', async () => {
    fs.writeFileSync(journal, `${text([started])}nonsense\n${text([metrics(1)], 4)}`);
    await reader.drain('run');
    expect(await readRun()).toMatchObject({ step: 1, journalSequence: 4 });
    expect(logged.join()).toMatch(/cannot be read.*"first":2,"last":3/s);
  });

  it('begins anew, by number, in a journal that became shorter', async () => {
    fs.writeFileSync(journal, text([started, metrics(1), metrics(2)]));
    await reader.drain('run');
    fs.writeFileSync(journal, text([metrics(2), metrics(3)], 3));
    await reader.drain('run');
    expect(await readRun()).toMatchObject({ step: 3, journalSequence: 4 });
    expect(await prisma.metricPoint.count({ where: { key: 'loss' } })).toBe(3);
  });

  it('stores each line once, however often it is killed', async () => {
    const last = 6000;
    const events: JournalEvent[] = [started];
    for (let step = 1; step <= last; step++) events.push(metrics(step), ...(step % 100 === 0 ? [log(step)] : []));
    fs.writeFileSync(journal, text([...events, { type: 'completed', step: last, seconds: 1 }]));
    const start = () =>
      spawn(process.execPath, [...nodeArguments, path.join(import.meta.dirname, '../testing/reading-process.ts'), folder, 'run'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const exit = async (child: ChildProcess) => {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    };
    let kills = 0;
    for (let turn = 0; turn < 6; turn++) {
      const child = start();
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
      await setTimeout(40 + 60 * Math.random());
      kills += child.kill('SIGKILL') ? 1 : 0;
      await exit(child);
    }
    expect(kills).toBeGreaterThan(0);
    await reader.drain('run');
    expect(await readRun()).toMatchObject({
      state: 'COMPLETED',
      step: last,
      journalSequence: events.length + 1,
      summary: { loss: { count: last, min: 3 / last, max: 3 } },
    });
    const [{ points, sum }] = await prisma.$queryRaw<[{ points: bigint; sum: bigint }]>(
      Prisma.sql`SELECT count(*) AS points, sum(step) AS sum FROM "MetricPoint" WHERE "key" = 'loss'`,
    );
    expect([Number(points), Number(sum)]).toEqual([last, (last * (last + 1)) / 2]);
    const logs = await prisma.runEvent.findMany({ where: { type: 'LOG' }, orderBy: { sequence: 'asc' } });
    expect(logs.map(({ step }) => step)).toEqual(Array.from({ length: last / 100 }, (_, index) => (index + 1) * 100));
    const levels = await prisma.metricRollup.groupBy({
      by: ['level'],
      where: { key: 'loss' },
      orderBy: { level: 'asc' },
      _count: true,
      _sum: { count: true },
    });
    // Rows of 16 steps, of 256, and so on, the last one with what is left.
    expect(levels.map(({ level, _count }) => [level, _count])).toEqual(
      [1, 2, 3, 4, 5].map((level) => [level, Math.floor(last / 16 ** level) + 1]),
    );
    expect(levels.map(({ _sum }) => _sum.count)).toEqual([last, last, last, last, last]);
  });
});
