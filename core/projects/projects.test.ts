import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../access/viewer.ts';
import { Conflict, Forbidden, Invalid, NotFound } from '../errors.ts';
import { openPeople } from '../testing/people.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';

const folder = temporaryFolder();
let people: Awaited<ReturnType<typeof openPeople>>;
beforeAll(async () => {
  people = await openPeople(folder);
});
afterAll(async () => {
  await people.prisma.$disconnect();
  cleanUp(folder);
});

const as = (projectId: string, role: 'VIEWER' | 'EDITOR' | 'OWNER'): Viewer => ({ ...owner, roles: new Map([[projectId, role]]) });

/** A project with a run, a dataset and a model in it. */
async function fullProject(name: string): Promise<string> {
  const { id: projectId } = await people.projects.create(owner, { name });
  const { prisma } = people;
  await prisma.experiment.create({ data: { id: `${name}-experiment`, projectId, name } });
  await prisma.run.create({
    data: { id: `${name}-run`, name, projectId, experimentId: `${name}-experiment`, state: 'COMPLETED', config: {}, summary: {} },
  });
  await prisma.dataset.create({ data: { id: `${name}-dataset`, projectId, name } });
  for (const [id, file] of [
    ['one', 'shared.jsonl'],
    ['two', `${name}.jsonl`],
  ] as const) {
    await prisma.datasetVersion.create({
      data: {
        id: `${name}-${id}`,
        datasetId: `${name}-dataset`,
        number: id === 'one' ? 1 : 2,
        state: 'READY',
        contentHash: file,
        bytes: 1,
        path: `datasets/${file}`,
        source: 'UPLOAD',
        origin: {},
        problems: [],
      },
    });
    fs.mkdirSync(path.join(folder, 'datasets'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'datasets', file), '');
  }
  // One that is still on its way in has no path.
  await prisma.datasetVersion.create({
    data: {
      id: `${name}-coming`,
      datasetId: `${name}-dataset`,
      number: 3,
      state: 'CHECKING',
      contentHash: '',
      bytes: 0,
      path: '',
      source: 'URL',
      origin: {},
      problems: [],
    },
  });
  fs.mkdirSync(path.join(folder, 'datasets', `${name}-coming`), { recursive: true });
  await prisma.model.create({ data: { id: `${name}-model`, projectId, name } });
  await prisma.modelVersion.create({
    data: {
      id: `${name}-version`,
      modelId: `${name}-model`,
      number: 1,
      contentHash: '',
      kind: 'adapter',
      path: `models/${name}`,
      bytes: 1,
      files: [],
      metrics: {},
      runId: `${name}-run`,
      aliases: { create: { modelId: `${name}-model`, name: 'champion', updatedAt: new Date() } },
    },
  });
  fs.mkdirSync(path.join(folder, 'runs', `${name}-run`), { recursive: true });
  return projectId;
}

describe('a project', () => {
  it('is made by somebody who owns it then, and written down', async () => {
    const project = await people.projects.create(owner, { name: ' Speech ', description: 'what is said' });
    expect(project).toMatchObject({ name: 'Speech', description: 'what is said' });
    const where = { projectId: project.id };
    expect(await people.prisma.membership.findMany({ where })).toMatchObject([{ userId: owner.userId, role: 'OWNER' }]);
    expect(await people.prisma.auditEntry.findMany({ where })).toMatchObject([
      { action: 'createProject', userId: owner.userId, details: { name: 'Speech' } },
    ]);
  });

  it('has a name of 1 to 100 characters', async () => {
    await expect(people.projects.create(owner, { name: ' ' })).rejects.toMatchObject({ issues: [{ path: 'name' }] });
    await expect(people.projects.create(owner, { name: 'x'.repeat(101), description: 'x'.repeat(10_001) })).rejects.toMatchObject({
      issues: [{ path: 'name' }, { path: 'description' }],
    });
    await expect(people.projects.update(as('default', 'OWNER'), 'default', { name: '' })).rejects.toThrow(Invalid);
  });

  it('is changed and deleted by its owners alone', async () => {
    await expect(people.projects.update(as('default', 'EDITOR'), 'default', { name: 'x' })).rejects.toThrow(Forbidden);
    await expect(people.projects.delete(as('default', 'EDITOR'), 'default')).rejects.toThrow(Forbidden);
    await expect(people.projects.delete(as('elsewhere', 'OWNER'), 'default')).rejects.toThrow(NotFound);
    expect(await people.projects.update(as('default', 'OWNER'), 'default', { description: 'new' })).toMatchObject({
      name: 'Default',
      description: 'new',
    });
  });

  it('is not deleted while runs wait or train', async () => {
    const id = await fullProject('busy');
    await people.prisma.run.update({ where: { id: 'busy-run' }, data: { state: 'RUNNING' } });
    await expect(people.projects.delete(as(id, 'OWNER'), id)).rejects.toThrow(
      new Conflict('1 run has not ended in the project "busy". Cancel what still runs or waits, then delete it.'),
    );
    expect(await people.prisma.dataset.count({ where: { projectId: id } })).toBe(1);
  });

  it('goes with everything in it, except files that others use', async () => {
    const id = await fullProject('old');
    await fullProject('other');
    const heard: unknown[] = [];
    const stop = people.onAccessChange((change) => heard.push(change));
    await people.projects.delete(as(id, 'OWNER'), id);
    stop();
    expect(heard).toEqual([{ userId: owner.userId }]);
    for (const count of [
      people.prisma.project.count({ where: { id } }),
      people.prisma.run.count({ where: { projectId: id } }),
      people.prisma.datasetVersion.count({ where: { datasetId: 'old-dataset' } }),
      people.prisma.modelVersion.count({ where: { modelId: 'old-model' } }),
    ]) {
      expect(await count).toBe(0);
    }
    expect(fs.readdirSync(path.join(folder, 'datasets')).sort()).toEqual([
      'busy-coming',
      'busy.jsonl',
      'other-coming',
      'other.jsonl',
      'shared.jsonl',
    ]);
    expect(fs.existsSync(path.join(folder, 'runs', 'old-run'))).toBe(false);
    expect(fs.existsSync(path.join(folder, 'runs', 'other-run'))).toBe(true);
    expect(await people.prisma.auditEntry.findFirst({ where: { action: 'deleteProject' } })).toMatchObject({
      subjectId: id,
      details: { name: 'old' },
    });
  });
});
