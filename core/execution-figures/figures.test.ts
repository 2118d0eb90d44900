import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Invalid, NotFound } from '../errors.ts';
import { ExecutionRetention } from '../execution-keeping/retention.ts';
import { defaultProjectId as projectId } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';

// So far ahead that the studio itself finds nothing old.
const from = new Date('2096-03-01T00:00:00Z');
const to = new Date('2096-03-31T00:00:00Z');
const period = { from, to };

let folder: string;
let studio: Studio;
beforeAll(async () => {
  folder = temporaryFolder();
  studio = await openStudio(folder, { launcher: idleLauncher });
  const common = { projectId, parameters: {}, variables: { name: 'x' }, messages: [], output: 'y', finishedAt: from };
  const made = (index: number, day: string) => ({ ...common, id: `${day}-${index}`, createdAt: new Date(`2096-03-${day}T23:59:59.999Z`) });
  const hundred = Array.from({ length: 100 }, (_, index) => ({
    ...made(index, '01'),
    ...{ state: 'SUCCEEDED' as const, model: 'a/one', inputTokens: 10, outputTokens: 1, costUsd: 0.5 },
    ...{ milliseconds: 100 - index, firstTextAfter: (100 - index) / 2 },
  }));
  const others = [
    {
      ...made(1, '02'),
      state: 'FAILED' as const,
      model: 'a/one',
      milliseconds: 7,
      errorCode: 'X',
      errorMessage: '"a" ("secret") is wrong',
    },
    { ...made(2, '02'), state: 'CANCELLED' as const, model: 'b/two' },
    { ...made(3, '02'), state: 'SUCCEEDED' as const, model: 'b/two', isCached: true, milliseconds: 1, savedUsd: 2, savedMilliseconds: 30 },
  ];
  await studio.prisma.execution.createMany({ data: [...hundred, ...others] });
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});

describe('figures', () => {
  it('add up by day, with percentiles of what a model has answered', async () => {
    const [first, second, ...more] = await studio.executionFigures.by(owner, projectId, 'DAY', period);
    expect(more).toEqual([]);
    expect(first).toEqual({
      ...{ group: '2096-03-01', executions: 100, succeeded: 100, failed: 0, cancelled: 0, cached: 0 },
      ...{ inputTokens: 1000, outputTokens: 100, costUsd: 50, savedUsd: 0, savedMilliseconds: 0 },
      ...{ millisecondsP50: 50, millisecondsP95: 95, firstTextAfterP50: 25, firstTextAfterP95: 47.5 },
    });
    expect(second).toMatchObject({
      ...{ group: '2096-03-02', executions: 3, succeeded: 1, failed: 1, cancelled: 1, cached: 1, costUsd: 0 },
      ...{ savedUsd: 2, savedMilliseconds: 30, millisecondsP50: null, millisecondsP95: null },
    });
  });

  it('add up by model, and for what is asked for alone', async () => {
    const models = await studio.executionFigures.by(owner, projectId, 'MODEL', period);
    expect(models.map(({ group, executions }) => [group, executions])).toEqual([
      ['a/one', 101],
      ['b/two', 2],
    ]);
    expect(await studio.executionFigures.by(owner, projectId, 'PROMPT', { ...period, model: 'b/two' })).toMatchObject([
      { group: null, executions: 2 },
    ]);
    expect(await studio.executionFigures.by(owner, projectId, 'VERSION', { ...period, sessionId: "'; --" })).toEqual([]);
  });

  it('have every day of a period that begins at midday', async () => {
    const id = 'long';
    await studio.prisma.project.create({ data: { id, name: id } });
    const [begin, day] = [new Date('2097-01-01T12:00:00Z'), 24 * 60 * 60 * 1000];
    const common = { projectId: id, state: 'SUCCEEDED' as const, model: 'a/one', parameters: {} };
    const on = (index: number) => ({
      ...common,
      id: `day ${index}`,
      createdAt: new Date(begin.getTime() + index * day - (index && 43_200_000)),
    });
    await studio.prisma.execution.createMany({ data: Array.from({ length: 401 }, (_, index) => on(index)) });
    const filter = { from: begin, to: new Date(begin.getTime() + 400 * day) };
    const days = await studio.executionFigures.by({ ...owner, roles: new Map([[id, 'OWNER']]) }, id, 'DAY', filter);
    expect([days.length, days.at(-1)?.group]).toEqual([401, '2098-02-05']);
  });

  it('are refused for a period that cannot be, and to strangers', async () => {
    const by = (filter: object) => studio.executionFigures.by(owner, projectId, 'DAY', filter);
    await expect(by({ from: to, to: from })).rejects.toThrow(Invalid);
    await expect(by({ ...period, sessionId: 'a\0b' })).rejects.toThrow(Invalid);
    await expect(by({ from: new Date(0), to })).rejects.toThrow(/400 days/);
    await expect(studio.executionFigures.by({ ...owner, roles: new Map() }, projectId, 'DAY')).rejects.toThrow(NotFound);
  });
});

it('texts are deleted when their time is over, figures stay', async () => {
  await studio.executionPolicy.update(owner, projectId, { executionRetentionDays: 10 });
  const sweepOn = (date: string) =>
    new ExecutionRetention({ prisma: studio.prisma, logger: createLogger('silent'), now: () => new Date(date) }).sweep();
  expect(await sweepOn('2096-03-10')).toBe(0);
  expect(await sweepOn('2096-03-12')).toBe(103);
  expect(await sweepOn('2096-03-12')).toBe(0);
  const cleared = await studio.prisma.execution.findFirstOrThrow({ where: { projectId, model: 'a/one', state: 'SUCCEEDED' } });
  expect(cleared).toMatchObject({ variables: null, messages: null, output: null, systemPrompt: null, inputTokens: 10, costUsd: 0.5 });
  const failed = await studio.prisma.execution.findFirstOrThrow({ where: { projectId, state: 'FAILED' } });
  expect(failed).toMatchObject({ errorCode: 'X', errorMessage: null, errorIssues: null });
  const [first] = await studio.executionFigures.by(owner, projectId, 'DAY', period);
  expect(first).toMatchObject({ executions: 100, costUsd: 50, millisecondsP95: 95 });
});
