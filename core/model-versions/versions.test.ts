import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { parseTrainingConfig, train } from '@anneal/engine';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import type { Model, Prisma, Role, Run } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../access/viewer.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import { newId } from '../ids.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';
import { compareVersions } from './compare.ts';
import { storedFiles } from './content.ts';
import { lineageOf } from './lineage.ts';

const other = 'other';
const member = (role: Role, projectId = defaultProjectId): Viewer => ({
  ...owner,
  isAdministrator: false,
  roles: new Map([[projectId, role]]),
});

let folder: string;
let studio: Studio;
let places: { model: string; data: string };
/** Of a real run of two steps. */
let adapter: string;
let model: Model;

beforeAll(async () => {
  folder = temporaryFolder();
  places = await writeTinyModel(path.join(folder, 'tiny'));
  const made = path.join(folder, 'made');
  for await (const _ of train(parseTrainingConfig(tinyConfig(places, 2)), { folder: made }));
  adapter = path.join(made, 'artifacts/adapter');
  studio = await openStudio(folder, { launcher: idleLauncher });
  await studio.prisma.project.create({ data: { id: other, name: 'Other' } });
  await studio.prisma.experiment.create({ data: { id: 'experiment', projectId: defaultProjectId, name: 'Default' } });
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});
beforeEach(async () => {
  model = await studio.models.create(owner, { projectId: defaultProjectId, name: `Model ${newId()}` });
});

/** A run with an adapter of its own: the real one, and a note that no other has. */
async function endedRun(note = newId(), given: Partial<Prisma.RunUncheckedCreateInput> = {}): Promise<Run> {
  const config = { ...tinyConfig(places, 2), method: { rank: 2, initAdapter: '' } };
  const data = { projectId: defaultProjectId, experimentId: 'experiment', name: note, state: 'COMPLETED', config, summary: {} } as const;
  const run = await studio.prisma.run.create({ data: { id: newId(), ...data, ...given } });
  const saved = { runId: run.id, kind: 'adapter', step: 2, bytes: 1, path: 'artifacts/adapter', createdAt: new Date() };
  await studio.prisma.artifact.create({ data: { id: newId(), ...saved } });
  const target = path.join(studio.runs.folderOf(run.id), 'artifacts/adapter');
  await fs.cp(adapter, target, { recursive: true });
  await fs.writeFile(path.join(target, 'README.md'), note);
  return run;
}
const create = async (note?: string) => studio.modelVersions.create(owner, { modelId: model.id, runId: (await endedRun(note)).id });
const folderOf = (id: string) => path.join(folder, 'model-versions', id);

describe('a model', () => {
  it('has a name of its own in its project, and is described by editors', async () => {
    const create = (viewer: Viewer, name: string, projectId = defaultProjectId) => studio.models.create(viewer, { projectId, name });
    await expect(create(owner, model.name)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(model.name) });
    expect(await create(member('EDITOR', other), model.name, other)).toMatchObject({ name: model.name, projectId: other });
    for (const name of [' ', 'x'.repeat(101)]) await expect(create(owner, name)).rejects.toMatchObject({ issues: [{ path: 'name' }] });
    await expect(create(member('VIEWER'), 'Mine')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const { name } = await create(owner, newId());
    await expect(studio.models.update(owner, model.id, { name })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await studio.models.update(member('EDITOR'), model.id, { description: 'What it is.' })).toMatchObject({
      name: model.name,
      description: 'What it is.',
    });
    await expect(studio.models.update(member('OWNER', other), model.id, { name: 'Theirs' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a version', () => {
  it('has the files of its run, what it was made from, and what its metrics ended with', async () => {
    const summary = {
      loss: { last: 1.5, lastStep: 2, min: 1.5, max: 3, count: 2 },
      broken: { last: null, nonFinite: 'NAN', lastStep: 2, min: null, max: null, count: 1 },
    };
    const run = await endedRun('one', { summary });
    const version = await studio.modelVersions.create(owner, { modelId: model.id, runId: run.id, notes: ' first ' });
    expect(version).toMatchObject({
      number: 1,
      kind: 'adapter',
      step: 2,
      notes: 'first',
      runId: run.id,
      config: run.config,
      metrics: { loss: 1.5 },
    });
    const files = storedFiles(version.files);
    expect(files.map(({ name }) => name)).toEqual(['README.md', 'adapter_config.json', 'adapter_model.safetensors']);
    for (const { name, bytes, sha256 } of files) {
      const content = await fs.readFile(path.join(folderOf(version.id), name));
      expect([bytes, sha256]).toEqual([content.length, createHash('sha256').update(content).digest('hex')]);
    }
    expect(version.bytes).toBe(files.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it('is known by a hash that anybody can compute', async () => {
    const { id, contentHash } = await create();
    const script = "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";
    expect(execFileSync('bash', ['-c', script], { cwd: folderOf(id), encoding: 'utf8' }).slice(0, 64)).toBe(contentHash);
  });

  it('is there once: the same content is refused with the number that it has, and under another model allowed', async () => {
    const first = await create('same');
    await expect(create('same')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`Version 1 of "${model.name}"`),
    });
    expect(await fs.readdir(path.join(folder, 'model-versions')).then((names) => names.filter((name) => name.includes('partial')))).toEqual(
      [],
    );
    model = await studio.models.create(owner, { projectId: defaultProjectId, name: newId() });
    expect(await create('same')).toMatchObject({ number: 1, contentHash: first.contentHash });
  });

  it('is numbered without holes when many are made at once, some of them refused', async () => {
    const notes = Array.from({ length: 12 }, (_, index) => `note ${index % 9}`);
    const made = await Promise.allSettled(notes.map(create));
    const numbers = made.flatMap((result) => (result.status === 'fulfilled' ? [result.value.number] : []));
    expect(numbers.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await fs.readdir(path.join(folder, 'model-versions'))).sort()).toEqual(
      (await studio.prisma.modelVersion.findMany({ select: { id: true } })).map(({ id }) => id).sort(),
    );
  });

  it('is found to be changed by whoever verifies it', async () => {
    const { id } = await create();
    expect(await studio.modelVersions.verify(member('VIEWER'), id)).toEqual([]);
    const place = folderOf(id);
    const weights = await fs.readFile(path.join(place, 'adapter_model.safetensors'));
    weights[weights.length - 1] = (weights.at(-1) ?? 0) ^ 1;
    await fs.writeFile(path.join(place, 'adapter_model.safetensors'), weights);
    await fs.rm(path.join(place, 'README.md'));
    await fs.writeFile(path.join(place, 'more.json'), '{}');
    expect(await studio.modelVersions.verify(owner, id)).toEqual([
      { name: 'README.md', kind: 'MISSING' },
      { name: 'adapter_model.safetensors', kind: 'CHANGED' },
      { name: 'more.json', kind: 'ADDED' },
    ]);
    await expect(studio.modelVersions.verify(member('OWNER', other), id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is refused of a run that has not ended, has saved nothing, or is of another project', async () => {
    const make = (runId: string) => studio.modelVersions.create(owner, { modelId: model.id, runId });
    await expect(make((await endedRun('going', { state: 'RUNNING' })).id)).rejects.toThrow('has not ended');
    const empty = await endedRun('empty');
    await fs.rm(path.join(studio.runs.folderOf(empty.id), 'artifacts'), { recursive: true });
    await expect(make(empty.id)).rejects.toThrow('is not there any more');
    await studio.prisma.artifact.deleteMany({ where: { runId: empty.id } });
    await expect(make(empty.id)).rejects.toThrow('has saved nothing');
    await studio.prisma.experiment.create({ data: { id: newId(), projectId: other, name: 'Theirs' } });
    await expect(make((await endedRun('theirs', { projectId: other })).id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(studio.modelVersions.create(owner, { modelId: model.id })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('may be made by editors and seen by its project', async () => {
    const { id: runId } = await endedRun();
    const make = (viewer: Viewer) => studio.modelVersions.create(viewer, { modelId: model.id, runId });
    await expect(make(member('VIEWER'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(make(member('OWNER', other))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { id } = await make(member('EDITOR'));
    await expect(studio.modelVersions.delete(member('VIEWER'), id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(studio.modelVersions.delete(member('OWNER', other), id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `There is no model version ${id}.`,
    });
    await expect(compareVersions(studio.prisma, member('OWNER', other), [id, newId()])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is made once of a run that asked for it, with its alias', async () => {
    const { id: runId } = await endedRun();
    await studio.modelVersions.checkTarget(member('EDITOR'), { modelId: model.id, alias: 'staging', projectId: defaultProjectId });
    await expect(studio.modelVersions.checkTarget(owner, { modelId: model.id, projectId: other })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(
      studio.modelVersions.checkTarget(member('VIEWER'), { modelId: model.id, projectId: defaultProjectId }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const asked = { modelId: model.id, runId, alias: 'staging', userId: owner.userId };
    const made = await studio.modelVersions.register(asked);
    expect(await studio.modelVersions.register(asked)).toEqual(made);
    expect(made.createdById).toBe(owner.userId);
    expect(await studio.prisma.modelAlias.findMany({ where: { modelId: model.id } })).toMatchObject([
      { name: 'staging', versionId: made.id },
    ]);
  });

  it('is not deleted while an alias points to it or a run starts from it; its number is not given again', async () => {
    const [first, second] = [await create(), await create()];
    await studio.modelAliases.set(owner, { modelId: model.id, alias: 'champion', versionId: second.id });
    await expect(studio.modelVersions.delete(owner, second.id)).rejects.toThrow('"champion" of');
    await studio.modelAliases.remove(owner, { modelId: model.id, alias: 'champion' });
    const config = { ...tinyConfig(places, 2), method: { rank: 2, initAdapter: folderOf(second.id) } };
    const run = await endedRun('user', { state: 'QUEUED', config });
    await expect(studio.modelVersions.delete(owner, second.id)).rejects.toThrow('The run "user" starts from version 2 and has not ended');
    await expect(studio.models.delete(owner, model.id)).rejects.toThrow('starts from version 2');
    await studio.prisma.run.update({ where: { id: run.id }, data: { state: 'COMPLETED' } });
    await studio.modelVersions.delete(member('EDITOR'), second.id);
    await expect(fs.stat(folderOf(second.id))).rejects.toThrow('ENOENT');
    expect((await create()).number).toBe(3);
    await expect(studio.models.delete(member('EDITOR'), model.id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await studio.models.delete(owner, model.id);
    expect(await studio.prisma.modelVersion.findUnique({ where: { id: first.id } })).toBeNull();
    await expect(fs.stat(folderOf(first.id))).rejects.toThrow('ENOENT');
  });

  it('leaves no folder behind that nobody knows, when the studio starts', async () => {
    const { id } = await create();
    await fs.mkdir(folderOf('orphan'));
    await fs.mkdir(folderOf('young'));
    const past = new Date(Date.now() - 2 * 3600 * 1000);
    for (const name of ['orphan', id]) await fs.utimes(folderOf(name), past, past);
    await studio.close();
    studio = await openStudio(folder, { launcher: idleLauncher });
    const names = await fs.readdir(path.join(folder, 'model-versions'));
    expect([names.includes('orphan'), names.includes('young'), names.includes(id)]).toEqual([false, true, true]);
    await fs.rmdir(folderOf('young'));
  });
});

describe('where versions come from', () => {
  const from = (initAdapter: string) => ({ config: { ...tinyConfig(places, 2), method: { rank: 2, initAdapter } } });

  it('is found by the folder of the initial adapter, or by its content, or given', async () => {
    const first = await create('first');
    const elsewhere = path.join(folder, newId());
    await fs.cp(folderOf(first.id), elsewhere, { recursive: true });
    for (const initAdapter of [folderOf(first.id), elsewhere]) {
      const { id: runId } = await endedRun(newId(), from(initAdapter));
      expect(await studio.modelVersions.create(owner, { modelId: model.id, runId })).toMatchObject({ parentId: first.id });
    }
    await fs.writeFile(path.join(elsewhere, 'README.md'), 'another');
    const { id: runId } = await endedRun(newId(), from(elsewhere));
    expect(await studio.modelVersions.create(owner, { modelId: model.id, runId })).toMatchObject({ parentId: null });
    const given = { modelId: model.id, runId: (await endedRun()).id };
    await expect(studio.modelVersions.create(owner, { ...given, parentId: 'nothing' })).rejects.toMatchObject({
      issues: [{ path: 'parentId' }],
    });
    expect(await studio.modelVersions.create(owner, { ...given, parentId: first.id })).toMatchObject({ parentId: first.id });
  });

  it('is a graph of ancestors and descendants, as deep as was asked for', async () => {
    const chain = [await create()];
    for (let step = 0; step < 4; step++) {
      const { id: runId } = await endedRun(newId(), from(folderOf(chain.at(-1)?.id ?? '')));
      chain.push(await studio.modelVersions.create(owner, { modelId: model.id, runId }));
    }
    const [a, b, c, d, e] = chain.map(({ id }) => id);
    const { id: runId } = await endedRun(newId(), from(folderOf(c ?? '')));
    const sibling = await studio.modelVersions.create(owner, { modelId: model.id, runId });
    const middle = chain[2];
    if (!middle) throw new Error('no chain');
    expect(await lineageOf(studio.prisma, owner, middle, 1)).toEqual({
      versionIds: [b, c, d, sibling.id],
      links: [
        { parentId: b, childId: c },
        { parentId: c, childId: d },
        { parentId: c, childId: sibling.id },
      ],
      isComplete: false,
    });
    const whole = await lineageOf(studio.prisma, owner, middle, 5);
    expect(whole).toMatchObject({ versionIds: [a, b, c, d, sibling.id, e], isComplete: true });
  });

  it('is compared: settings that differ, and metrics side by side', async () => {
    const entry = (last: number) => ({ last, lastStep: 2, min: last, max: last, count: 1 });
    const run = async (rank: number, summary: Record<string, object>) => {
      const { id: runId } = await endedRun(newId(), {
        config: { model: { base: 'bundled' }, method: { rank } },
        summary: JSON.parse(JSON.stringify(summary)),
      });
      return (await studio.modelVersions.create(owner, { modelId: model.id, runId })).id;
    };
    const ids = [await run(4, { loss: entry(2) }), await run(8, { loss: entry(1), perplexity: entry(3) })];
    expect(await compareVersions(studio.prisma, owner, ids)).toEqual({
      versionIds: ids,
      config: [{ path: 'method.rank', values: [4, 8] }],
      metrics: [
        { key: 'loss', unit: 'nats/token', values: [2, 1] },
        { key: 'perplexity', unit: '', values: [null, 3] },
      ],
    });
    await expect(compareVersions(studio.prisma, owner, ids.slice(0, 1))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});
