import { setTimeout } from 'node:timers/promises';
import { ModelError } from '@anneal/plugins';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Forbidden, Invalid, NotFound } from '../errors.ts';
import { defaultProjectId as projectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';
import { cacheKey, isCacheable } from './cache-key.ts';
import { type CachedAnswer, type Lead, OutputCache } from './output-cache.ts';

const question = { projectId, key: 'a', model: 'claude/small' };
const answer: CachedAnswer = { output: 'yes', finishReason: 'stop', inputTokens: 3, outputTokens: 1, costUsd: 0.01, milliseconds: 900 };

let folder: string;
let studio: Studio;
let cache: OutputCache;
beforeAll(async () => {
  folder = temporaryFolder();
  studio = await openStudio(folder, { launcher: idleLauncher });
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});
beforeEach(async () => {
  cache = new OutputCache(studio.prisma);
  await studio.executionPolicy.update(owner, projectId, { cacheSeconds: 60, cacheLimitBytes: 1_000_000 });
  await studio.cacheStatistics.clear(owner, projectId);
});

const ask = (key = 'a', { signal } = new AbortController()) => cache.takeOrLead({ ...question, key }, signal);
async function lead(key?: string): Promise<Lead> {
  const taken = await ask(key);
  if (!('lead' in taken)) throw new Error('there was an answer');
  return taken.lead;
}
const hits = async () => (await studio.prisma.cachedOutput.findMany()).map((row) => row.hits);

describe('an answer', () => {
  it('is given again, with what it had cost, and counted', async () => {
    await (await lead()).answered(answer);
    expect(await ask()).toMatchObject({ answer });
    expect(await ask()).toMatchObject({ answer });
    expect(await hits()).toEqual([2]);
    expect(await ask('another')).toHaveProperty('lead');
  });

  it('is made once for all who ask at the same time', async () => {
    const first = await lead();
    const others = [ask(), ask(), ask()];
    await first.answered(answer);
    for (const other of await Promise.all(others)) expect(other).toEqual({ answer });
    expect(await hits()).toEqual([3]);
  });

  it('that a model could not give is not kept, and told to all who wait now', async () => {
    const first = await lead();
    const others = [ask(), ask()];
    await setTimeout(20);
    const down = new ModelError('OVERLOADED', 'Down.');
    first.failed(down);
    expect(await Promise.allSettled(others)).toEqual([
      { status: 'rejected', reason: down },
      { status: 'rejected', reason: down },
    ]);
    expect(await ask()).toHaveProperty('lead');
  });

  it('that nobody waited for to its end is asked for by one of the others', async () => {
    const first = await lead();
    const others = [ask(), ask()];
    first.failed();
    const second = await Promise.race(others);
    expect(second).toHaveProperty('lead');
    await ('lead' in second ? second.lead.answered(answer) : undefined);
    expect((await Promise.all(others)).filter((taken) => 'answer' in taken)).toEqual([{ answer }]);
  });

  it('is not waited for by those who leave', async () => {
    const first = await lead();
    const leaving = new AbortController();
    const other = ask('a', leaving);
    await setTimeout(20);
    leaving.abort();
    expect(await other).toHaveProperty('lead');
    await first.answered(answer);
    expect(await ask()).toMatchObject({ answer });
  });

  it('leaves when its time is over', async () => {
    await (await lead()).answered(answer);
    await studio.prisma.cachedOutput.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
    const again = await lead();
    await again.answered({ ...answer, output: 'no' });
    expect(await ask()).toMatchObject({ answer: { output: 'no' } });
  });

  it('leaves for others when it was not asked for for longest', async () => {
    await studio.executionPolicy.update(owner, projectId, { cacheLimitBytes: 5000 });
    const long = { ...answer, output: 'x'.repeat(1000) };
    for (const key of ['1', '2', '3']) {
      await (await lead(key)).answered(long);
      await setTimeout(5);
    }
    await ask('1');
    await (await lead('4')).answered(long);
    expect((await studio.prisma.cachedOutput.findMany({ orderBy: { key: 'asc' } })).map(({ key }) => key)).toEqual(['1', '3', '4']);
  });

  it('is not kept when the project wants none, or when it is larger than the cache', async () => {
    await studio.executionPolicy.update(owner, projectId, { cacheLimitBytes: 1000 });
    await (await lead()).answered({ ...answer, output: 'x'.repeat(2000) });
    await studio.executionPolicy.update(owner, projectId, { cacheSeconds: 0 });
    await (await lead('b')).answered(answer);
    expect(await studio.prisma.cachedOutput.count()).toBe(0);
  });
});

describe('the question', () => {
  const request = { model: 'claude/small', messages: [{ role: 'user' as const, content: 'hi' }], maxTokens: 9, temperature: 0 };

  it('is the same when everything that counts is', () => {
    const key = cacheKey(request, 'one');
    expect(cacheKey({ ...request, topP: 1, stop: [] }, 'one')).toBe(key);
    expect(cacheKey(request, 'another')).not.toBe(key);
    const different = [
      { model: 'x/y' },
      { system: 'be kind' },
      { maxTokens: 10 },
      { temperature: 1 },
      { topP: 0.5 },
      { stop: ['.'] },
      { seed: 1 },
    ];
    const keys = different.map((change) => cacheKey({ ...request, ...change }, 'one'));
    expect(new Set([key, ...keys]).size).toBe(different.length + 1);
  });

  it('has an answer to keep when it is not sampled, or somebody wants it so', () => {
    expect(isCacheable(request, 'DEFAULT')).toBe(true);
    expect(isCacheable(request, 'BYPASS')).toBe(false);
    expect(isCacheable({ temperature: 0.1 }, 'DEFAULT')).toBe(false);
    expect(isCacheable({ temperature: 0.1 }, 'FORCE')).toBe(true);
    expect(isCacheable({ temperature: 0, tools: [{ name: 'x', description: '', inputSchema: {} }] }, 'FORCE')).toBe(false);
  });
});

describe('what is kept', () => {
  it('is told in figures and emptied', async () => {
    await (await lead()).answered(answer);
    const execution = { projectId, state: 'SUCCEEDED', model: question.model, parameters: {} } as const;
    await studio.prisma.execution.createMany({
      data: [
        { ...execution, id: 'one' },
        { ...execution, id: 'two', isCached: true, savedMilliseconds: 900, savedUsd: 0.01 },
      ],
    });
    const statistics = await studio.cacheStatistics.of(owner, projectId);
    expect(statistics).toMatchObject({ entries: 1, hits: 1, misses: 1, hitRate: 0.5, savedMilliseconds: 900, savedUsd: 0.01 });
    const later = await studio.cacheStatistics.of(owner, projectId, { from: new Date(Date.now() + 60_000) });
    expect(later).toMatchObject({ entries: 1, hits: 0, misses: 0, hitRate: null });
    expect(await studio.cacheStatistics.clear(owner, projectId, 'another/model')).toBe(0);
    expect(await studio.cacheStatistics.clear(owner, projectId)).toBe(1);
  });

  it('is decided by owners, within bounds', async () => {
    const editor = { ...owner, roles: new Map([[projectId, 'EDITOR' as const]]) };
    await expect(studio.executionPolicy.update(editor, projectId, { cacheSeconds: 1 })).rejects.toThrow(Forbidden);
    await expect(studio.cacheStatistics.of({ ...owner, roles: new Map() }, projectId)).rejects.toThrow(NotFound);
    const refused = studio.executionPolicy.update(owner, projectId, { cacheSeconds: -1, executionRetentionDays: 0, cacheLimitBytes: 0.5 });
    await expect(refused).rejects.toThrow(Invalid);
    await expect(refused).rejects.toMatchObject({
      issues: [{ path: 'executionRetentionDays' }, { path: 'cacheSeconds' }, { path: 'cacheLimitBytes' }],
    });
  });
});
