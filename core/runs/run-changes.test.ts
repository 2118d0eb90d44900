import fs from 'node:fs';
import path from 'node:path';
import { trainingConfigSchema } from '@anneal/engine';
import { writeTinyModel } from '@anneal/engine/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Viewer } from '../access/viewer.ts';
import { Invalid } from '../errors.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, openStudio, owner, temporaryFolder } from '../testing/studio.ts';
import { compareConfigs } from './compare-configs.ts';
import { mergeConfig } from './merge-config.ts';
import { serverPathFields } from './server-paths.ts';

let folder: string;
let places: { model: string; data: string };
let studio: Studio;
beforeAll(async () => {
  folder = temporaryFolder();
  places = await writeTinyModel(folder);
  // Nothing starts: what is queued stays queued.
  studio = await openStudio(folder, { slots: 0 });
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});

const config = () => ({ model: { base: places.model }, data: { path: places.data }, schedule: { maxSteps: 3 } });
const someone = (changes: Partial<Viewer>): Viewer => ({ ...owner, isAdministrator: false, ...changes });
const editor = someone({ roles: new Map([[defaultProjectId, 'EDITOR']]) });

async function issuesOf(change: Promise<unknown>): Promise<string[]> {
  return change.then(
    () => [],
    (error: unknown) => (error instanceof Invalid ? error.issues.map(({ path: field }) => field) : [String(error)]),
  );
}

async function ended(name: string) {
  const { id } = await studio.runs.start(owner, { name, config: config() });
  await studio.runs.cancel(owner, id);
  return id;
}

describe('files of the server in a configuration', () => {
  it('are known, each one: every other text of a configuration is no path', () => {
    const noPaths = ['data.revision', 'data.split'];
    const { properties } = z
      .looseObject({ properties: z.record(z.string(), z.looseObject({ properties: z.record(z.string(), z.looseObject({})) })) })
      .parse(z.toJSONSchema(trainingConfigSchema, { io: 'input' }));
    const texts = Object.entries(properties).flatMap(([section, { properties: fields }]) =>
      Object.entries(fields).flatMap(([name, field]) =>
        field.type === 'string' && field.enum === undefined ? [`${section}.${name}`] : [],
      ),
    );
    expect(texts.filter((field) => !noPaths.includes(field)).sort()).toEqual([...serverPathFields].sort());
  });

  it('may be named by administrators only; what is bundled or on the Hub by everybody', async () => {
    const named = {
      model: { base: places.model },
      data: { path: places.data, validationPath: places.data },
      method: { initAdapter: '/x' },
    };
    expect(await issuesOf(studio.runs.start(editor, { config: named }))).toEqual([
      'config.model.base',
      'config.data.path',
      'config.data.validationPath',
      'config.method.initAdapter',
    ]);
    expect(await issuesOf(studio.plans.plan(editor, { projectId: defaultProjectId, config: named }))).toHaveLength(4);
    expect(await issuesOf(studio.runs.start(editor, { config: {} }))).toEqual([]);
    expect(await studio.prisma.auditEntry.count({ where: { action: 'startRun' } })).toBe(1);
  });

  it('may be named again by a clone of a run that names them', async () => {
    const { id } = await studio.runs.start(owner, { config: config() });
    expect(await issuesOf(studio.runs.clone(editor, id, { config: { schedule: { maxSteps: 4 } } }))).toEqual([]);
    expect(await issuesOf(studio.runs.clone(editor, id, { config: { data: { path: folder } } }))).toEqual(['config.data.path']);
  });
});

describe('what is said about a run', () => {
  it('is given at the start, changed later, and checked', async () => {
    const input = { name: ' Über ', notes: 'Größe 3', tags: ['b', 'a', 'b'], priority: 5, maxCrashes: 2, config: config() };
    const run = await studio.runs.start(owner, input);
    const tagsOf = async () =>
      (await studio.prisma.runTag.findMany({ where: { runId: run.id }, orderBy: { name: 'asc' } })).map(({ name }) => name);
    expect(run).toMatchObject({
      name: 'Über',
      notes: 'Größe 3',
      searchText: 'über\ngröße 3',
      priority: 5,
      maxCrashes: 2,
      createdById: 'local',
    });
    expect(await tagsOf()).toEqual(['a', 'b']);
    const { id: experimentId } = await studio.experiments.create(owner, { projectId: defaultProjectId, name: 'Other' });
    expect(await studio.runs.update(owner, run.id, { tags: ['c'], notes: '', priority: -3, experimentId })).toMatchObject({
      name: 'Über',
      searchText: 'über\n',
      priority: -3,
      experimentId,
    });
    expect(await tagsOf()).toEqual(['c']);
    expect(await issuesOf(studio.runs.update(owner, run.id, { name: '', tags: [''], priority: 101, maxCrashes: 21 }))).toEqual([
      'name',
      'tags.0',
      'priority',
      'maxCrashes',
    ]);
    await studio.runs.cancel(owner, run.id);
    await expect(studio.runs.update(owner, run.id, { priority: 1 })).rejects.toThrow('not in the queue (CANCELLED)');
    expect(await studio.runs.update(owner, run.id, { name: 'Later' })).toMatchObject({ name: 'Later' });
    await expect(studio.runs.update(owner, run.id, { experimentId: 'nothing' })).rejects.toThrow('no experiment nothing');
  });

  it('is for those who may: viewers, keys without the scope and strangers are told why not', async () => {
    const { id } = await studio.runs.start(owner, { config: config() });
    const viewer = someone({ roles: new Map([[defaultProjectId, 'VIEWER']]) });
    const key = someone({ roles: owner.roles, scopes: new Set(['read', 'write', 'execute', 'log']) });
    const stranger = someone({ roles: new Map() });
    for (const [who, why] of [
      [viewer, 'needs the role editor'],
      [key, 'lacks the scope "train"'],
      [stranger, 'There is no run'],
    ] as const) {
      await expect(studio.runs.update(who, id, { name: 'x' })).rejects.toThrow(why);
      await expect(studio.runs.clone(who, id, {})).rejects.toThrow(why);
      await expect(studio.runs.retry(who, id)).rejects.toThrow(why);
      await expect(studio.runs.cancel(who, id)).rejects.toThrow(why);
      await expect(studio.runs.delete(who, id)).rejects.toThrow(why);
    }
  });
});

describe('a clone', () => {
  it('has the configuration of its run, with the changes', async () => {
    const parent = await studio.runs.start(owner, {
      name: 'First',
      tags: ['t'],
      priority: 4,
      config: { ...config(), method: { targetModules: ['q_proj', 'v_proj'] } },
    });
    const clone = await studio.runs.clone(owner, parent.id, { config: { method: { targetModules: ['o_proj'], rank: 4 } } });
    expect(clone).toMatchObject({ name: 'Copy of First', parentId: parent.id, priority: 4, state: 'QUEUED' });
    expect(compareConfigs([parent.config, clone.config])).toEqual([
      { path: 'method.rank', values: [8, 4] },
      { path: 'method.targetModules', values: [['q_proj', 'v_proj'], ['o_proj']] },
    ]);
    expect(await issuesOf(studio.runs.clone(owner, parent.id, { config: { method: { rank: 0 } } }))).toEqual(['config.method.rank']);
    await expect(studio.runs.clone(owner, 'nobody', {})).rejects.toThrow('no run nobody');
  });

  it('merges whatever it is given', () => {
    expect(mergeConfig({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { c: [3] }, e: null })).toEqual({ a: { b: 1, c: [3] }, d: 1, e: null });
    expect(mergeConfig({ a: 1 }, undefined)).toEqual({ a: 1 });
    expect(mergeConfig({ a: 1 }, 'x')).toBe('x');
    const hostile: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    mergeConfig({ a: {} }, hostile);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('of a run that trains on a model of the project follows that model', async () => {
    const { id: baseModelId } = await studio.baseModels.register(owner, { projectId: defaultProjectId, path: places.model, name: 'Tiny' });
    const run = await studio.runs.start(editor, { config: { data: { path: 'bundled', maxLength: 32 } }, baseModelId });
    expect(run).toMatchObject({ baseModelId, config: { model: { base: fs.realpathSync(places.model) } } });
    expect(await studio.runs.clone(editor, run.id, {})).toMatchObject({ baseModelId });
    expect(await studio.runs.clone(editor, run.id, { config: { model: { base: 'bundled' } } })).toMatchObject({
      baseModelId: null,
      config: { model: { base: 'bundled' } },
    });
    expect(await issuesOf(studio.runs.start(editor, { config: { model: { base: '/x' } }, baseModelId }))).toContain('config.model.base');
  });
});

describe('deleting', () => {
  it('removes a run that has ended, with its folder, and nothing else', async () => {
    const [id, other] = [await ended('gone'), await ended('stays')];
    const time = new Date();
    const points = Array.from({ length: 6 }, (_, step) => ({
      runId: id,
      key: 'loss',
      step,
      value: 1,
      epoch: 0,
      tokens: 0,
      time,
      sequence: step + 1,
    }));
    await studio.prisma.metricPoint.createMany({ data: [...points, { ...points[0]!, runId: other }] });
    for (const run of [id, other]) fs.mkdirSync(studio.runs.folderOf(run));
    await studio.runs.delete(owner, id);
    expect(await studio.prisma.run.findUnique({ where: { id } })).toBeNull();
    expect((await studio.prisma.metricPoint.findMany()).map(({ runId }) => runId)).toEqual([other]);
    expect([id, other].map((run) => fs.existsSync(studio.runs.folderOf(run)))).toEqual([false, true]);
    await expect(studio.runs.delete(owner, id)).rejects.toThrow('There is no run');
  });

  it('leaves runs that have not ended, and those whose folder a model version lies in', async () => {
    const { id } = await studio.runs.start(owner, { config: config() });
    await expect(studio.runs.delete(owner, id)).rejects.toThrow('has not ended (QUEUED)');
    const run = await ended('source');
    const model = await studio.prisma.model.create({ data: { id: 'm', projectId: defaultProjectId, name: 'Mine' } });
    const version = { id: 'v', modelId: model.id, number: 1, contentHash: '', kind: 'adapter', bytes: 0, files: [], metrics: {} };
    await studio.prisma.modelVersion.create({ data: { ...version, path: `runs/${run}/artifacts/adapter`, runId: run } });
    await expect(studio.runs.delete(owner, run)).rejects.toThrow('Model versions have their files in the run "source": Mine 1.');
  });

  it('is finished by the next studio where one died on the way; folders of unknown runs stay', async () => {
    const home = temporaryFolder();
    const first = await openStudio(home, { slots: 0 });
    const { id } = await first.runs.start(owner, { config: {} });
    await first.runs.cancel(owner, id);
    await first.runs.delete(owner, id);
    await first.close();
    fs.mkdirSync(path.join(home, 'runs', id));
    fs.mkdirSync(path.join(home, 'runs', 'unknown'));
    const second = await openStudio(home, { slots: 0 });
    expect(fs.readdirSync(path.join(home, 'runs'))).toEqual(['unknown']);
    await second.close();
    cleanUp(home);
  });
});

describe('experiments', () => {
  it('are made, changed and deleted, with their runs only when asked', async () => {
    const { experiments, prisma } = studio;
    const made = await experiments.create(owner, { projectId: defaultProjectId, name: 'Ä', description: 'One' });
    expect(made.searchText).toBe('ä\none');
    expect(await experiments.update(owner, made.id, { name: 'B' })).toMatchObject({ name: 'B', description: 'One', searchText: 'b\none' });
    await experiments.create(owner, { projectId: defaultProjectId, name: 'C' });
    await expect(experiments.update(owner, made.id, { name: 'C' })).rejects.toThrow('There is an experiment named "C"');
    expect(await issuesOf(experiments.update(owner, made.id, { name: '', description: 'x'.repeat(10_001) }))).toEqual([
      'name',
      'description',
    ]);
    const run = await studio.runs.start(owner, { experimentId: made.id, config: config() });
    await expect(experiments.delete(owner, made.id)).rejects.toThrow('has runs (1)');
    await expect(experiments.delete(owner, made.id, true)).rejects.toThrow('has not ended (QUEUED)');
    await studio.runs.cancel(owner, run.id);
    const writer = someone({ roles: owner.roles, scopes: new Set(['read', 'write']) });
    await expect(experiments.delete(writer, made.id, true)).rejects.toThrow('lacks the scope "train"');
    await experiments.delete(owner, made.id, true);
    expect(await prisma.run.findUnique({ where: { id: run.id } })).toBeNull();
    await expect(experiments.delete(owner, made.id)).rejects.toThrow('There is no experiment');
    const actions = (await prisma.auditEntry.findMany({ where: { subjectId: { in: [made.id, run.id] } } })).map(({ action }) => action);
    expect(actions.sort()).toEqual(['cancelRun', 'createExperiment', 'deleteExperiment', 'deleteRun', 'startRun', 'updateExperiment']);
  });
});
