import fs from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Conflict, Forbidden, Invalid, NotFound } from '../errors.ts';
import { metricsCursor } from '../streams/cursor.ts';
import type { Studio } from '../studio.ts';
import { idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';
import { MetricRetention } from './retention.ts';
import type { LoggedPoint } from './logged-points.ts';

let folder: string;
let studio: Studio;
let runId: string;
beforeAll(async () => {
  folder = temporaryFolder();
  studio = await openStudio(folder, { launcher: idleLauncher });
});
afterAll(async () => {
  await studio.close();
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  ({ id: runId } = await studio.loggedRuns.create(owner, { name: 'Elsewhere', config: { learningRate: 0.1 }, tags: ['a', 'b', 'a'] }));
});
afterEach(async () => {
  await studio.prisma.run.delete({ where: { id: runId } });
});

const rowOf = () => studio.prisma.run.findUniqueOrThrow({ where: { id: runId } });
const log = (points: LoggedPoint[]) => studio.loggedRuns.log(owner, runId, points);
const steps = (from: number, to: number, more: Partial<LoggedPoint> = {}): LoggedPoint[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ key: 'loss', step: from + index, value: 1 / (from + index + 1), ...more }));

async function streamed(after?: string): Promise<string[]> {
  const seen: string[] = [];
  for await (const { points } of studio.streams.trainingMetrics(runId, { after }))
    seen.push(...points.map(({ key, rank, step, value, nonFinite }) => `${key} ${rank} ${step} ${value ?? nonFinite}`));
  return seen;
}

describe('LoggedRunService', () => {
  it('makes a run that is under way, and that nobody here looks after', async () => {
    const run = await studio.prisma.run.findUniqueOrThrow({ where: { id: runId }, include: { tags: true, events: true } });
    expect(run).toMatchObject({ name: 'Elsewhere', state: 'RUNNING', source: 'LOGGED', config: { learningRate: 0.1 }, step: 0 });
    expect(run.startedAt).not.toBeNull();
    expect(run.tags.map(({ name }) => name).sort()).toEqual(['a', 'b']);
    expect(run.events).toMatchObject([{ sequence: 1, type: 'STATE', state: 'RUNNING' }]);
    expect(await studio.prisma.auditEntry.count({ where: { action: 'createLoggedRun', subjectId: runId } })).toBe(1);
  });

  it('keeps points that come late and again, each once', async () => {
    expect(await log(steps(10, 19))).toEqual({ accepted: 10, duplicates: 0 });
    expect(await log(steps(0, 14))).toEqual({ accepted: 10, duplicates: 5 });
    expect(await log([...steps(30, 31), ...steps(30, 31)])).toEqual({ accepted: 2, duplicates: 2 });
    expect(await log(steps(0, 31).filter(({ step }) => step < 20 || step > 29))).toEqual({ accepted: 0, duplicates: 22 });
    const run = await rowOf();
    expect(run).toMatchObject({ step: 31, summary: { loss: { last: 1 / 32, lastStep: 31, min: 1 / 32, max: 1, count: 22 } } });
    const [series] = await studio.metrics.series(run, ['loss'], { maxPoints: 1 });
    expect(series?.buckets).toMatchObject([{ fromStep: 0, toStep: 31, count: 22, min: 1 / 32, max: 1, last: 1 / 32 }]);
  });

  it('keeps what is no finite number, and ranks apart', async () => {
    await log([
      { key: 'loss', step: 1, nonFinite: 'NAN' },
      { key: 'loss', step: 2, value: 3 },
      { key: 'loss', step: 3, nonFinite: 'POSITIVE_INFINITY' },
      { key: 'loss', step: 3, value: 5, rank: 7 },
      { key: 'only', step: 1, value: -0 },
    ]);
    expect(
      await log([
        { key: 'loss', step: 1, nonFinite: 'NAN' },
        { key: 'only', step: 1, value: 0 },
      ]),
    ).toEqual({ accepted: 0, duplicates: 2 });
    expect((await rowOf()).summary).toMatchObject({
      loss: { last: null, nonFinite: 'POSITIVE_INFINITY', lastStep: 3, min: 3, max: 3, count: 3, nonFiniteCount: 2 },
      only: { last: 0, nonFinite: null, count: 1 },
    });
    expect(await studio.metrics.ranks([runId])).toEqual([[0, 7]]);
    expect(await studio.metrics.summary(runId, 7)).toMatchObject([{ key: 'loss', last: 5, count: 1 }]);
  });

  it('stores each point once, however many send it at the same time', async () => {
    const calls = Array.from({ length: 12 }, (_, turn) => log(steps(turn * 20, turn * 20 + 59)));
    const answers = await Promise.all(calls);
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(280);
    const run = await rowOf();
    expect(run.summary).toMatchObject({ loss: { count: 280, lastStep: 279, last: 1 / 280 } });
    const [series] = await studio.metrics.series(run, ['loss'], { maxPoints: 20 });
    expect(series?.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(280);
    expect(await studio.prisma.metricPoint.count({ where: { runId } })).toBe(280);
  });

  it('refuses another value for a step, and stores nothing of that call', async () => {
    await log([{ key: 'loss', step: 4, value: 0.5 }]);
    await expect(log([...steps(5, 9), { key: 'loss', step: 4, value: 0.25 }])).rejects.toThrow(
      '"loss" at step 4 is 0.5 already; 0.25 was sent',
    );
    await expect(log([{ key: 'loss', step: 4, nonFinite: 'NAN' }])).rejects.toThrow(Conflict);
    await expect(
      log([
        { key: 'x', step: 1, value: 1 },
        { key: 'x', step: 1, value: 2 },
      ]),
    ).rejects.toThrow('"x" at step 1 is 1 already; 2 was sent');
    expect(await studio.prisma.metricPoint.count({ where: { runId } })).toBe(1);
    expect(await rowOf()).toMatchObject({ step: 4, journalSequence: 1 });
  });

  it('names what is wrong, point by point', async () => {
    const wrong = [
      { key: '', step: 1, value: 1 },
      { key: 'a', step: -1, value: 1 },
      { key: 'a', step: 2 ** 31, value: 1 },
      { key: 'a', step: 1 },
      { key: 'a', step: 1, value: 1, nonFinite: 'NAN' as const },
      { key: 'a', step: 1, value: 1, rank: -1, epoch: -1, tokens: Infinity, time: new Date(NaN) },
    ];
    const error = await log(wrong).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Invalid);
    expect(error instanceof Invalid && error.issues.map(({ path }) => path)).toEqual([
      ...['points.0.key', 'points.1.step', 'points.2.step', 'points.3.value', 'points.4.value'],
      ...['points.5.rank', 'points.5.epoch', 'points.5.tokens', 'points.5.time'],
    ]);
    await expect(log([])).rejects.toThrow('1 to 5,000 points');
    await expect(log(steps(0, 5000))).rejects.toThrow('these are 5001');
    expect(await log(steps(0, 4999))).toEqual({ accepted: 5000, duplicates: 0 });
  });

  it('tells readers of late points too, each once, and none twice after what was read', async () => {
    await log(steps(100, 120));
    const before = await rowOf();
    const [series] = await studio.metrics.series(before, ['loss'], { maxPoints: 5 });
    const following = streamed(metricsCursor(before));
    await log(steps(50, 60, { rank: 1 }));
    await log(steps(90, 110));
    await log(steps(121, 800));
    const [again] = await studio.metrics.series(before, ['loss'], { maxPoints: 5 });
    expect(again?.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(21);
    expect(series?.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(21);
    await studio.loggedRuns.finish(owner, { runId, state: 'COMPLETED' });
    const wanted = [
      ...steps(50, 60).map(({ step }) => `1 ${step}`),
      ...[...steps(90, 99), ...steps(121, 800)].map(({ step }) => `0 ${step}`),
    ];
    expect((await following).map((text) => text.split(' ').slice(1, 3).join(' ')).sort()).toEqual(wanted.sort());
    expect(await streamed()).toHaveLength(21 + wanted.length);
  });

  it('writes its log, ends once, and takes nothing after that but what it has', async () => {
    await log(steps(1, 3));
    await studio.loggedRuns.message(owner, { runId, level: 'WARN', message: 'slow' });
    await studio.loggedRuns.finish(owner, { runId, state: 'FAILED', message: 'out of memory' });
    expect(await rowOf()).toMatchObject({ state: 'FAILED', errorCode: 'TRAINER_FAILED', errorMessage: 'out of memory' });
    const events = await studio.prisma.runEvent.findMany({ where: { runId }, orderBy: { sequence: 'asc' } });
    expect(events.map(({ sequence, state, level, message, step }) => [sequence, state ?? level, message, step])).toEqual([
      [1, 'RUNNING', '', 0],
      [2, 'WARN', 'slow', 3],
      [3, 'ERROR', 'out of memory', 3],
      [4, 'FAILED', '', 3],
    ]);
    await studio.loggedRuns.finish(owner, { runId, state: 'FAILED' });
    await expect(studio.loggedRuns.finish(owner, { runId, state: 'COMPLETED' })).rejects.toThrow('has ended already (FAILED)');
    await expect(studio.loggedRuns.message(owner, { runId, level: 'INFO', message: 'x' })).rejects.toThrow('its log is closed');
    expect(await log(steps(1, 3))).toEqual({ accepted: 0, duplicates: 3 });
    await expect(log(steps(1, 4))).rejects.toThrow('has ended (FAILED)');
  });

  it('is there for members with the scope "log", and only for runs that are trained elsewhere', async () => {
    const viewer = { ...owner, roles: new Map([...owner.roles.keys()].map((id) => [id, 'VIEWER'] as const)) };
    const reader = { ...owner, scopes: new Set(['read'] as const) };
    for (const who of [viewer, reader]) {
      await expect(studio.loggedRuns.create(who, {})).rejects.toThrow(Forbidden);
      await expect(studio.loggedRuns.log(who, runId, steps(1, 1))).rejects.toThrow(Forbidden);
    }
    const stranger = { ...owner, roles: new Map() };
    await expect(studio.loggedRuns.log(stranger, runId, steps(1, 1))).rejects.toThrow(NotFound);
    await expect(studio.metrics.compare(stranger, [runId], ['loss'])).rejects.toThrow(`no run ${runId}`);
    await expect(studio.metricExport.link(stranger, { runIds: [runId], format: 'CSV' })).rejects.toThrow(NotFound);
    await studio.prisma.run.update({ where: { id: runId }, data: { source: 'ENGINE' } });
    await expect(log(steps(1, 1))).rejects.toThrow('trained by this studio');
  });

  it('refuses what a run cannot have', async () => {
    const create = (input: object) => studio.loggedRuns.create(owner, input);
    await expect(create({ config: [1] })).rejects.toThrow('A configuration is an object');
    await expect(create({ config: { text: 'x'.repeat(300_000) } })).rejects.toThrow('256 KB');
    await expect(create({ name: ' ' })).rejects.toThrow('1 to 200 characters');
    await expect(create({ experimentId: 'nowhere' })).rejects.toThrow('no experiment nowhere');
  });
});

describe('compare', () => {
  it('gives summaries and curves in the order asked for, those of one moment', async () => {
    const { id: other } = await studio.loggedRuns.create(owner, {});
    await log(steps(1, 300));
    await studio.loggedRuns.log(owner, other, [{ key: 'reward', step: 1, value: 9 }]);
    const compared = await studio.metrics.compare(owner, [other, runId], ['loss', 'reward'], { maxPoints: 20 });
    expect(
      compared.map(({ run, series }) => [
        run.id,
        series.map(({ key, buckets }) => [key, buckets.reduce((sum, { count }) => sum + count, 0)]),
      ]),
    ).toEqual([
      [
        other,
        [
          ['loss', 0],
          ['reward', 1],
        ],
      ],
      [
        runId,
        [
          ['loss', 300],
          ['reward', 0],
        ],
      ],
    ]);
    await studio.prisma.run.delete({ where: { id: other } });
  });
});

describe('MetricExport', () => {
  const exported = async (format: 'CSV' | 'JSON', keys?: string[]) => {
    const link = await studio.metricExport.link(owner, { runIds: [runId], keys, format });
    const { searchParams } = new URL(link, 'http://localhost');
    let text = '';
    for await (const part of studio.metricExport.open(searchParams)?.text ?? []) text += part;
    return { text, searchParams };
  };

  it('writes every point, and what is no finite number by name', async () => {
    const time = new Date('2026-01-02T03:04:05.678Z');
    await log([{ key: 'a,"b', step: 1, nonFinite: 'NEGATIVE_INFINITY', time }, ...steps(0, 6000 - 2001, { time, epoch: 0.5, tokens: 7 })]);
    await log(steps(4000, 6000, { time }));
    const { text } = await exported('CSV');
    const lines = text.split('\r\n');
    expect(lines).toHaveLength(1 + 1 + 6001 + 1);
    expect(lines.slice(0, 3)).toEqual([
      'run_id,run,metric,rank,step,value,count,min,max,epoch,tokens,time',
      `${runId},Elsewhere,"a,""b",0,1,-Infinity,1,,,0,0,2026-01-02T03:04:05.678Z`,
      `${runId},Elsewhere,loss,0,0,1,1,1,1,0.5,7,2026-01-02T03:04:05.678Z`,
    ]);
    const rows: { step: number; value: unknown; metric: string }[] = JSON.parse((await exported('JSON')).text);
    expect(rows).toHaveLength(6002);
    expect(rows[0]).toMatchObject({ runId, run: 'Elsewhere', metric: 'a,"b', rank: 0, step: 1, value: '-Infinity' });
    expect(rows.slice(1).map(({ step }) => step)).toEqual(Array.from({ length: 6001 }, (_, step) => step));
    expect(JSON.parse((await exported('JSON', ['nothing'])).text)).toEqual([]);
  });

  it('serves no address that was changed', async () => {
    const { searchParams } = await exported('CSV', ['loss']);
    for (const name of ['request', 'name', 'expires', 'signature']) {
      const changed = new URLSearchParams(searchParams);
      changed.set(name, `${changed.get(name)}0`);
      expect(studio.metricExport.open(changed)).toBeUndefined();
    }
    await expect(studio.metricExport.link(owner, { runIds: [], format: 'CSV' })).rejects.toThrow(Invalid);
  });
});

describe('MetricRetention', () => {
  const day = 24 * 60 * 60 * 1000;
  const retention = (days: number, now: Date) =>
    new MetricRetention({ prisma: studio.prisma, logger: studio.logger, days, now: () => now });
  const points = () => studio.prisma.metricPoint.count({ where: { runId } });

  it('removes the points of runs that ended long ago, and keeps their curves', async () => {
    await log(steps(0, 4999));
    await log(steps(9000, 9020, { rank: 2 }));
    const soon = new Date(Date.now() + 40 * day);
    expect(await retention(30, soon).sweep()).toBe(0);
    await studio.loggedRuns.finish(owner, { runId, state: 'COMPLETED' });
    expect(await retention(0, soon).sweep()).toBe(0);
    expect(await retention(41, soon).sweep()).toBe(0);
    const before = await rowOf();
    const [whole] = await studio.metrics.series(before, ['loss'], { maxPoints: 300 });
    expect(whole).toMatchObject({ isThinned: false });
    expect(await points()).toBe(5021);

    expect(await retention(30, soon).sweep()).toBe(1);
    expect(await points()).toBe(0);
    const after = await rowOf();
    expect(after).toMatchObject({ thinnedAt: soon, summary: before.summary });
    const [same] = await studio.metrics.series(after, ['loss'], { maxPoints: 300 });
    expect(same).toEqual({ ...whole, isThinned: true });
    const [finest] = await studio.metrics.series(after, ['loss'], { fromStep: 100, toStep: 200, maxPoints: 1000 });
    expect(finest).toMatchObject({ isThinned: true, resolution: 16 });
    expect(finest?.buckets.map(({ fromStep }) => fromStep)).toEqual([96, 112, 128, 144, 160, 176, 192]);
    expect(await studio.metrics.summary(runId, 2)).toMatchObject([{ key: 'loss', count: 21, lastStep: 9020 }]);
    expect(await retention(30, soon).sweep()).toBe(0);

    const link = await studio.metricExport.link(owner, { runIds: [runId], format: 'CSV' });
    let text = '';
    for await (const part of studio.metricExport.open(new URL(link, 'http://x').searchParams)?.text ?? []) text += part;
    const counts = text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line) => Number(line.split(',')[6]));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5021);
  });

  it('goes on where it was cut off', async () => {
    await log(steps(0, 100));
    await studio.loggedRuns.finish(owner, { runId, state: 'CANCELLED' });
    await studio.prisma.run.update({ where: { id: runId }, data: { thinnedAt: new Date() } });
    await studio.prisma.metricPoint.deleteMany({ where: { runId, step: { lt: 50 } } });
    expect(await retention(1, new Date(Date.now() + 2 * day)).sweep()).toBe(1);
    expect(await points()).toBe(0);
  });
});
