import fs from 'node:fs/promises';
import path from 'node:path';
import { parseTrainingConfig, TextModel, train } from '@anneal/engine';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import type { GenerateEvent } from '@anneal/plugins';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultProjectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';

/* Tuned models and the models they were made from, asked as language models: names on this side, real weights in the plugin's process. */

const other = 'other';
const greedy = { maxTokens: 12, temperature: 0 };
const request = (model: string, content = 'add 3') => ({ model, messages: [{ role: 'user' as const, content }], ...greedy });
const { signal } = new AbortController();

let folder: string;
let studio: Studio;
let places: { model: string; data: string };

beforeAll(async () => {
  folder = temporaryFolder();
  // Neither lies where the studio keeps models: the folder is known from the configuration of the training alone.
  places = await writeTinyModel(path.join(folder, 'tiny'));
  const made = path.join(folder, 'made');
  for await (const _ of train(parseTrainingConfig(tinyConfig(places, 60)), { folder: made }));
  studio = await openStudio(folder, { launcher: idleLauncher });
  // The others need not be started.
  for (const { name } of studio.plugins.list(owner)) if (name !== 'anneal') await studio.plugins.disable(owner, name);
  const { prisma } = studio;
  await prisma.project.create({ data: { id: other, name: 'Other' } });
  await prisma.model.create({ data: { id: 'reviewer', projectId: defaultProjectId, name: 'Reviewer', lastVersionNumber: 3 } });
  const shared = { modelId: 'reviewer', contentHash: '', bytes: 1, files: [], metrics: {} };
  const config = { model: { base: places.model } };
  await prisma.modelVersion.create({ data: { ...shared, id: 'v1', number: 1, kind: 'adapter', path: 'made/artifacts/adapter', config } });
  await prisma.modelVersion.create({ data: { ...shared, id: 'v2', number: 2, kind: 'model', path: 'tiny/model' } });
  await prisma.modelVersion.create({ data: { ...shared, id: 'v3', number: 3, kind: 'adapter', path: 'made/artifacts/adapter' } });
  const updatedAt = new Date();
  await prisma.modelAlias.create({ data: { modelId: 'reviewer', name: 'production', versionId: 'v1', updatedAt } });
  await fs.mkdir(path.join(folder, 'models'));
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});

async function ask(model: string, projectId = defaultProjectId): Promise<{ text: string; end: GenerateEvent | undefined }> {
  const events: GenerateEvent[] = [];
  for await (const event of studio.languageModels.generate(projectId, request(model), signal)) events.push(event);
  const end = events.pop();
  return { text: events.map((event) => (event.type === 'text' ? event.text : '')).join(''), end };
}

/** What the engine writes by itself. */
async function expected(adapter?: string): Promise<string> {
  const base = await TextModel.open(places.model);
  const model = adapter === undefined ? base : await base.withAdapter(adapter);
  let text = '';
  for await (const piece of model.write('add 3', { ...greedy, topK: 0, topP: 1, seed: 0, stop: [] })) text += piece.text;
  return text;
}

const found = (id: string, projectId = defaultProjectId) => studio.languageModels.find(projectId, id);

describe('the models of a studio', () => {
  it('have the names of their aliases and numbers; those that cannot be asked are left out', async () => {
    const models = await studio.languageModels.list(defaultProjectId);
    const own = models.filter(({ plugin }) => plugin === 'anneal');
    expect(own.map(({ id }) => id)).toEqual([
      'anneal/Reviewer@production',
      'anneal/Reviewer@2',
      'anneal/Reviewer@1',
      'anneal/base/bundled',
    ]);
    expect(own[0]).toMatchObject({ name: 'Reviewer 1', contextTokens: 128, price: { inputPerMillion: 0, outputPerMillion: 0 } });
  });

  it('belong to their project', async () => {
    await expect(found('anneal/Reviewer@1', other)).rejects.toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'model' }] });
    await expect(ask('anneal/Reviewer@production', other)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await found('anneal/base/bundled', other)).toMatchObject({ id: 'anneal/base/bundled' });
  });

  it('are another one behind the same name when an alias moves, or the files of a folder are replaced', async () => {
    const { languageModels, prisma } = studio;
    const identity = (name: string) => languageModels.identityOf(defaultProjectId, name);
    const alias = { modelId_name: { modelId: 'reviewer', name: 'production' } };
    const before = await identity('anneal/Reviewer@production');
    expect(await identity('anneal/Reviewer@1')).toBe(before);
    await prisma.modelAlias.update({ where: alias, data: { versionId: 'v2' } });
    expect(await identity('anneal/Reviewer@production')).toBe(await identity('anneal/Reviewer@2'));
    expect(await identity('anneal/Reviewer@production')).not.toBe(before);
    await prisma.modelAlias.update({ where: alias, data: { versionId: 'v1' } });
    expect(await identity('anneal/Reviewer@production')).toBe(before);
    const replaced = path.join(folder, 'models/replaced');
    await fs.cp(places.model, replaced, { recursive: true });
    const base = await identity('anneal/base/replaced');
    expect(await identity('anneal/base/replaced')).toBe(base);
    await fs.utimes(path.join(replaced, 'config.json'), 1, 1);
    expect(await identity('anneal/base/replaced')).not.toBe(base);
    await fs.rm(replaced, { recursive: true });
    await expect(identity('anneal/base/replaced')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    expect(await identity('claude/whatever')).toBe('claude/whatever');
  });

  it('are named when another one was meant, and why one cannot be asked', async () => {
    await expect(found('anneal/Reviewer@prodution')).rejects.toThrow('Did you mean "anneal/Reviewer@production"');
    await expect(found('anneal/Reviewer@9')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(found('anneal/zzzzzzzzzzzz')).rejects.toThrow('There is "anneal/Reviewer@production"');
    await expect(found('anneal/Reviewer@3')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('not known of which'),
    });
  });

  it('are found where somebody has put a folder, and under the name that it was registered with', async () => {
    await fs.cp(places.model, path.join(folder, 'models/tiny'), { recursive: true });
    await studio.baseModels.register(owner, { projectId: defaultProjectId, path: places.model, name: 'Small one' });
    expect(await found('anneal/base/tiny', other)).toMatchObject({ id: 'anneal/base/tiny', contextTokens: 128 });
    expect(await found('anneal/base/Small one')).toMatchObject({ id: 'anneal/base/Small one' });
    await expect(found('anneal/base/Small one', other)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('answers of the models of a studio', () => {
  it('are those of the engine: of the tuned model, and of the one that it was made from', async () => {
    const tuned = await ask('anneal/Reviewer@production');
    const base = await ask('anneal/base/Small one');
    expect(tuned.text).toBe(await expected(path.join(folder, 'made/artifacts/adapter')));
    expect(base.text).toBe(await expected());
    expect(tuned.text).not.toBe(base.text);
    expect((await ask('anneal/Reviewer@2')).text).toBe(base.text);
    expect(base.end).toMatchObject({ finishReason: 'length', usage: { outputTokens: 12 } });
    const inputTokens = await studio.languageModels.countTokens(defaultProjectId, request('anneal/Reviewer@production'), signal);
    expect(tuned.end).toMatchObject({ usage: { inputTokens } });
  });

  it('are kept for the version behind an alias, not for its name', async () => {
    const { prisma, executions } = studio;
    const alias = { modelId_name: { modelId: 'reviewer', name: 'production' } };
    const content = { template: 'add 3', model: 'anneal/Reviewer@production', maxTokens: 12 };
    const answered = async () => {
      const { id } = await executions.executeWording(owner, { projectId: defaultProjectId, content });
      return vi.waitFor(async () => {
        const row = await prisma.execution.findUniqueOrThrow({ where: { id } });
        expect(row.state).toBe('SUCCEEDED');
        return { output: row.output, isCached: row.isCached };
      });
    };
    const { output } = await answered();
    expect(await answered()).toEqual({ output, isCached: true });
    await prisma.modelAlias.update({ where: alias, data: { versionId: 'v2' } });
    const other = await answered();
    expect(other.isCached).toBe(false);
    expect(other.output).not.toBe(output);
    await prisma.modelAlias.update({ where: alias, data: { versionId: 'v1' } });
    expect(await answered()).toEqual({ output, isCached: true });
  });

  it('do not run in the process of the studio', async () => {
    const { status } = studio.plugins.find(owner, 'anneal') ?? {};
    expect(status).toMatchObject({ state: 'RUNNING', failedCalls: 0 });
    expect(status?.pid).not.toBe(process.pid);
  });

  it('keep to the folders that the process was given: another one means another process', async () => {
    const { pid } = studio.plugins.find(owner, 'anneal')?.status ?? {};
    const elsewhere = path.join(folder, 'elsewhere');
    await fs.cp(places.model, elsewhere, { recursive: true });
    await studio.baseModels.register(owner, { projectId: defaultProjectId, path: elsewhere, name: 'Later' });
    expect((await ask('anneal/base/Later')).text).toBe(await expected());
    expect(studio.plugins.find(owner, 'anneal')?.status.pid).not.toBe(pid);
  });

  it('name what is wrong with the question', async () => {
    const long = { ...request('anneal/base/bundled'), messages: [{ role: 'user' as const, content: 'add '.repeat(5000) }] };
    const events = studio.languageModels.generate(defaultProjectId, long, signal);
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: 'ModelError', code: 'CONTEXT_TOO_LONG' });
  });
});
