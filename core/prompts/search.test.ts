import { type Behaviour, type ProviderServer, startOpenAiServer } from '@anneal/plugins/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conflict, Forbidden, Invalid, NotFound, Unavailable } from '../errors.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, openStudio, owner, temporaryFolder, until } from '../testing/studio.ts';
import type { PromptQuestion } from './search.ts';

const folder = temporaryFolder();
const plugin = 'openai-compatible';
const [words, other] = [`${plugin}/test/words-embed`, `${plugin}/test/other-embed`];
let studio: Studio;
let provider: ProviderServer;
/** What the models do at the moment. */
let behaviour: Exclude<Behaviour, (...question: never) => unknown> = {};

beforeAll(async () => {
  const now = () => behaviour;
  provider = await startOpenAiServer({ models: { 'words-embed': now, 'other-embed': now, chat: 'Hello' } });
  studio = await openStudio(folder);
  await studio.plugins.setNetwork(owner, { name: plugin, isAllowed: true });
  await studio.plugins.enable(owner, plugin);
  await studio.plugins.updateSettings(owner, { name: plugin, settings: { endpoints: [{ name: 'test', baseUrl: `${provider.url}/v1` }] } });
  await make('code/review', 'Review the code and name each bug', { category: 'review', tags: ['quality'] });
  await make('code/tests', 'Write tests for the code', { category: 'testing' });
  await make('cooking', 'Cook dinner with potatoes', { tags: ['food'] });
});
afterAll(async () => {
  await studio.close();
  await provider[Symbol.asyncDispose]();
  cleanUp(folder);
});

async function make(name: string, template: string, said: { category?: string; tags?: string[] } = {}): Promise<string> {
  return (await studio.prompts.create(owner, { projectId: defaultProjectId, name, template, ...said })).id;
}

async function search(text: string, more: Partial<PromptQuestion> = {}) {
  const found = await studio.promptSearch.search(owner, { projectId: defaultProjectId, text, by: 'MEANING', first: 20, ...more });
  const prompts = await studio.prisma.prompt.findMany({ where: { id: { in: found.matches.map(({ promptId }) => promptId) } } });
  const names = found.matches.map(({ promptId }) => prompts.find(({ id }) => id === promptId)?.name);
  return { ...found, names };
}

/** Texts that a model was given since, each request a list. */
const asked = (since: number) =>
  provider.requests.slice(since).flatMap(({ path, body }) => (path.endsWith('/embeddings') ? [body.input] : []));
const chosen = (model: string | null) => studio.promptSearch.setModel(owner, defaultProjectId, model);
const upToDate = (model: string) =>
  until(
    () => studio.prisma.promptEmbedding.findMany({ where: { prompt: { projectId: defaultProjectId } }, include: { prompt: true } }),
    (rows) => rows.length === 3 && rows.every((row) => row.model === model && row.updatedAt.getTime() === row.prompt.updatedAt.getTime()),
  );

describe('the search by text', () => {
  it('tells how many there are, gives the best of them, and filters', async () => {
    const found = await search('code', { by: 'TEXT' });
    expect({ ...found, names: found.names.toSorted() }).toMatchObject({ names: ['code/review', 'code/tests'], totalCount: 2, pending: 0 });
    expect(await search('code', { by: 'TEXT', first: 1 })).toMatchObject({ names: [found.names[0]], totalCount: 2 });
    expect(await search('code', { by: 'TEXT', where: { category: 'testing' } })).toMatchObject({ names: ['code/tests'], totalCount: 1 });
    expect(await search('"', { by: 'TEXT' })).toMatchObject({ names: [], totalCount: 0 });
    await expect(search('x'.repeat(10_001), { by: 'TEXT' })).rejects.toThrow('at most 10,000 characters; this has 10,001');
    const nobody = { ...owner, roles: new Map() };
    const question = { projectId: defaultProjectId, text: 'code', by: 'TEXT', first: 20 } as const;
    await expect(studio.promptSearch.search(nobody, question)).rejects.toThrow(NotFound);
  });
});

describe('the search by meaning', () => {
  it('needs a model, and says which there are', async () => {
    const error: unknown = await search('bugs').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Conflict);
    expect(String(error)).toContain(`Choose one with setEmbeddingModel: ${other}, ${words}`);
    await expect(chosen(`${plugin}/test/nothing`)).rejects.toThrow(Invalid);
    await expect(chosen(`${plugin}/test/chat`)).rejects.toThrow(`The model ${plugin}/test/chat makes no vectors. Choose one`);
    const viewer = { ...owner, roles: new Map([[defaultProjectId, 'VIEWER' as const]]) };
    await expect(studio.promptSearch.setModel(viewer, defaultProjectId, words)).rejects.toThrow(Forbidden);
    expect(asked(0)).toEqual([]);
  });

  it('finds what is close, and asks the model once for each text', async () => {
    await chosen(words);
    const found = await search('name each bug in code');
    expect(found).toMatchObject({ totalCount: 3, pending: 0 });
    expect(found.names[0]).toBe('code/review');
    expect(found.names[2]).toBe('cooking');
    expect(found.matches.every(({ score }) => score >= -1 && score <= 1)).toBe(true);
    const since = provider.requests.length;
    expect((await search('potatoes for dinner')).names[0]).toBe('cooking');
    expect(asked(since)).toEqual([['potatoes for dinner']]);
    expect((await search('potatoes', { where: { name: { startsWith: 'code/' } } })).totalCount).toBe(2);
    expect(await search('  ')).toMatchObject({ totalCount: 0 });
  });

  it('follows what prompts say and which model is chosen, in the background', async () => {
    await upToDate(words);
    let since = provider.requests.length;
    const { id: promptId } = await studio.prisma.prompt.findFirstOrThrow({ where: { name: 'cooking' } });
    await studio.promptVersions.create(owner, { promptId, template: 'Bake bread' });
    await upToDate(words);
    expect(asked(since)).toEqual([['cooking\nfood\nBake bread']]);
    // What says the same is not asked for again.
    since = provider.requests.length;
    await studio.prompts.update(owner, promptId, { category: '' });
    await upToDate(words);
    expect(asked(since)).toEqual([]);
    await chosen(other);
    await upToDate(other);
    expect(asked(since).flat()).toHaveLength(3);
    expect((await search('bake some bread')).names[0]).toBe('cooking');
  });

  it('says why the model gives no answer, and goes on when it does', async () => {
    const { id } = await studio.prisma.prompt.findFirstOrThrow({ where: { name: 'cooking' } });
    const failures: [typeof behaviour, RegExp][] = [
      [{ failure: 'serverError' }, /The model .* did not say what a text means/],
      [{ failure: 'malformedJson' }, /did not say what a text means/],
      [{ vectors: [[0, 0, 0]] }, /gave 1 vectors for 1 texts, or empty ones/],
    ];
    for (const [failing, message] of failures) {
      behaviour = failing;
      const error: unknown = await search('bread').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Unavailable);
      expect(error).toHaveProperty('message', expect.stringMatching(message));
    }
    behaviour = {};
    expect((await search('bread')).names[0]).toBe('cooking');
    // Vectors of another size are not compared with these.
    await studio.prisma.promptEmbedding.update({ where: { promptId: id }, data: { vector: new Uint8Array(8) } });
    expect((await search('bread')).totalCount).toBe(2);
  });

  it('is over when no model is chosen any more', async () => {
    await chosen(null);
    await expect(search('bread')).rejects.toThrow(Conflict);
  });
});
