import type { Prisma } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../ids.ts';
import { memberOf, openPromptLibrary, type PromptLibrary } from '../testing/prompts.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';
import { leaderboard, type LeaderboardOptions, priorWeight } from './leaderboard.ts';

const folder = temporaryFolder();
let library: PromptLibrary;
/** New for each test. */
let projectId: string;

beforeAll(async () => {
  library = await openPromptLibrary(folder);
  for (const id of ['ada', 'bob', 'eve']) await library.prisma.user.create({ data: { id, name: id, email: `${id}@lab.example` } });
});
afterAll(async () => {
  await library.prisma.$disconnect();
  cleanUp(folder);
});
beforeEach(async () => {
  projectId = newId();
  await library.prisma.project.create({ data: { id: projectId, name: projectId } });
});

const by = (userId: string, role: 'VIEWER' | 'EDITOR' | 'OWNER' = 'EDITOR') => ({ ...memberOf(role, projectId), userId });

async function executed(given: Partial<Prisma.ExecutionUncheckedCreateInput> = {}): Promise<string> {
  const data = { id: newId(), projectId, state: 'SUCCEEDED', model: 'a/one', parameters: {}, finishedAt: new Date() } as const;
  return (await library.prisma.execution.create({ data: { ...data, ...given } })).id;
}

describe('feedback', () => {
  it('is one a person and execution, and the last one counts', async () => {
    const executionId = await executed();
    const first = await library.feedback.give(by('ada'), { executionId, rating: 2, text: ' Too long ' });
    expect(first).toMatchObject({ rating: 2, text: 'Too long', userId: 'ada' });
    expect(await library.feedback.give(by('ada'), { executionId, rating: 4 })).toMatchObject({ id: first.id, rating: 4, text: '' });
    await Promise.all([1, 2, 3, 4, 5].map((rating) => library.feedback.give(by('bob'), { executionId, rating })));
    expect(await library.prisma.feedback.count({ where: { executionId } })).toBe(2);
  });

  it('is a rating of 1 to 5 on an execution that has ended, by those who may execute', async () => {
    const executionId = await executed();
    for (const rating of [0, 6, 2.5, Number.NaN])
      await expect(library.feedback.give(by('ada'), { executionId, rating })).rejects.toMatchObject({ issues: [{ path: 'rating' }] });
    await expect(library.feedback.give(by('ada'), { executionId, rating: 1, text: 'x'.repeat(10_001) })).rejects.toMatchObject({
      issues: [{ path: 'text' }],
    });
    await expect(library.feedback.give(by('ada'), { executionId, rating: 1, text: 'a\0b' })).rejects.toMatchObject({
      issues: [{ path: 'text' }],
    });
    await expect(library.feedback.give(by('ada', 'VIEWER'), { executionId, rating: 1 })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(library.feedback.give(owner, { executionId, rating: 1 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const running = await executed({ state: 'RUNNING', finishedAt: null });
    await expect(library.feedback.give(by('ada'), { executionId: running, rating: 1 })).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('is taken back by whoever gave it, or by an owner', async () => {
    const executionId = await executed();
    const give = async () => (await library.feedback.give(by('ada'), { executionId, rating: 1 })).id;
    await expect(library.feedback.delete(by('bob'), await give())).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await library.feedback.delete(by('ada'), await give());
    await library.feedback.delete(by('bob', 'OWNER'), await give());
    expect(await library.prisma.feedback.count({ where: { executionId } })).toBe(0);
    await expect(library.feedback.delete(by('ada'), 'nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a leaderboard', () => {
  const board = (options: Partial<LeaderboardOptions> = {}, of: 'prompts' | 'versions' = 'prompts') =>
    leaderboard(library.prisma, by('ada', 'VIEWER'), of, { projectId, orderBy: 'RATING', first: 100, ...options });
  const namesOf = async (rows: { id: string }[]) => {
    const prompts = await library.prisma.prompt.findMany({ where: { id: { in: rows.map(({ id }) => id) } } });
    return rows.map(({ id }) => prompts.find((prompt) => prompt.id === id)?.name);
  };
  /** A prompt, the id of its version, and executions with ratings. */
  async function prompt(
    name: string,
    ratings: number[],
    given: Partial<Prisma.ExecutionUncheckedCreateInput> = {},
  ): Promise<{ promptId: string; promptVersionId: string }> {
    const { id: promptId } = await library.prompts.create(by('ada'), { projectId, name, template: name });
    const { id: promptVersionId } = await library.prisma.promptVersion.findFirstOrThrow({ where: { promptId } });
    for (const rating of ratings) {
      const executionId = await executed({ promptId, promptVersionId, ...given });
      await library.feedback.give(by('ada'), { executionId, rating });
    }
    return { promptId, promptVersionId };
  }

  it('is drawn to the mean of all where there are few ratings', async () => {
    await prompt('once-loved', [5]);
    await prompt(
      'often-liked',
      Array.from({ length: 20 }, () => 4.9)
        .map(Math.round)
        .map((rating, index) => (index % 5 === 0 ? 4 : rating)),
    );
    await prompt('bad', [1, 2, 1]);
    const rows = await board();
    expect(await namesOf(rows)).toEqual(['often-liked', 'once-loved', 'bad']);
    const [sum, count] = [5 + 96 + 4, 24];
    expect(rows).toMatchObject([
      { executions: 20, ratings: 20, meanRating: 4.8, shrunkRating: expect.closeTo((priorWeight * (sum / count) + 96) / 30, 9) },
      { ratings: 1, meanRating: 5, shrunkRating: expect.closeTo((priorWeight * (sum / count) + 5) / 11, 9) },
      { ratings: 3, meanRating: expect.closeTo(4 / 3, 9) },
    ]);
    expect(await namesOf(await board({ first: 1 }))).toEqual(['often-liked']);
  });

  it('is ordered by success, cost, time or number within a period, without what came from the cache', async () => {
    const old = new Date(Date.now() - 86_400_000);
    const a = await prompt('a', [3, 3], { milliseconds: 100, costUsd: 0.5 });
    const b = await prompt('b', [3], { milliseconds: 200, costUsd: 0.1, createdAt: old });
    await executed({ ...a, state: 'FAILED', milliseconds: 9999 });
    await executed({ ...a, isCached: true, milliseconds: 1, costUsd: 0 });
    await executed({ ...b, state: 'CANCELLED' });
    await prompt('never-asked', []);
    const orders = ['SUCCESS', 'COST', 'LATENCY', 'EXECUTIONS'] as const;
    const found = await Promise.all(orders.map(async (orderBy) => (await namesOf(await board({ orderBy }))).join()));
    expect(found).toEqual(['b,a', 'b,a', 'a,b', 'a,b']);
    const [first, second] = await board({ orderBy: 'LATENCY' });
    expect(first).toEqual({
      ...{ id: a.promptId, executions: 4, succeeded: 3, failed: 1, successRate: 0.75, ratings: 2, meanRating: 3 },
      ...{ shrunkRating: expect.closeTo(3, 9), meanCostUsd: 0.5, totalCostUsd: 1, meanMilliseconds: 100 },
    });
    expect(second).toMatchObject({ executions: 2, succeeded: 1, failed: 0, successRate: 1 });
    expect(await namesOf(await board({ from: new Date(old.getTime() + 1000) }))).toEqual(['a', 'b']);
    expect((await board({ to: new Date(old.getTime() + 1000) })).map(({ id, executions }) => [id, executions])).toEqual([[b.promptId, 1]]);
    expect((await board({ promptId: a.promptId }, 'versions')).map(({ id }) => id)).toEqual([a.promptVersionId]);
  });

  it('has 1 to 100 rows, and is seen by members', async () => {
    for (const first of [0, 101]) await expect(board({ first })).rejects.toMatchObject({ issues: [{ path: 'first' }] });
    await expect(leaderboard(library.prisma, owner, 'prompts', { projectId, orderBy: 'COST', first: 1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await executed();
    expect(await board()).toEqual([]);
  });
});
