import type { Model, Role } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../access/viewer.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import { newId } from '../ids.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';

const member = (role: Role, projectId = defaultProjectId): Viewer => ({
  ...owner,
  isAdministrator: false,
  roles: new Map([[projectId, role]]),
});

let folder: string;
let studio: Studio;
let model: Model;
/** Ids of versions 1 to 4. */
let versions: string[];

beforeAll(async () => {
  folder = temporaryFolder();
  studio = await openStudio(folder, { launcher: idleLauncher });
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});
beforeEach(async () => {
  model = await studio.models.create(owner, { projectId: defaultProjectId, name: newId() });
  versions = [];
  for (const number of [1, 2, 3, 4]) {
    const content = { kind: 'adapter', path: `model-versions/${number}`, bytes: 1, files: [], metrics: {}, contentHash: `${number}` };
    versions.push((await studio.prisma.modelVersion.create({ data: { id: newId(), modelId: model.id, number, ...content } })).id);
  }
});

const alias = 'champion';
const set = (number: number, viewer = owner) =>
  studio.modelAliases.set(viewer, { modelId: model.id, alias, versionId: versions[number - 1] ?? '' });
const rollBack = () => studio.modelAliases.rollBack(owner, { modelId: model.id, alias });
const remove = () => studio.modelAliases.remove(owner, { modelId: model.id, alias });
const pointed = async () =>
  (await studio.prisma.modelAlias.findMany({ where: { modelId: model.id }, include: { version: true } })).map(
    ({ version }) => version.number,
  );
const history = async () =>
  (await studio.prisma.aliasChange.findMany({ where: { modelId: model.id }, orderBy: { time: 'asc' } })).map(
    ({ fromNumber, toNumber, isRollBack }) => [fromNumber, toNumber, isRollBack].join(' '),
  );

describe('an alias', () => {
  it('points to one version at a time, and every change is remembered', async () => {
    for (const number of [1, 2, 2, 3]) await set(number);
    expect(await pointed()).toEqual([3]);
    await remove();
    expect(await pointed()).toEqual([]);
    expect(await history()).toEqual([' 1 false', '1 2 false', '2 3 false', '3  false']);
    const audited = await studio.prisma.auditEntry.findMany({ where: { subjectId: model.id, action: { contains: 'Alias' } } });
    expect(audited.length).toBe(4);
  });

  it('goes back, and further back, and forward from there', async () => {
    for (const number of [1, 2, 3]) await set(number);
    await rollBack();
    expect(await pointed()).toEqual([2]);
    await rollBack();
    expect(await pointed()).toEqual([1]);
    await expect(rollBack()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('no other version') });
    await set(4);
    await rollBack();
    expect(await pointed()).toEqual([1]);
    expect(await history()).toEqual([' 1 false', '1 2 false', '2 3 false', '3 2 true', '2 1 true', '1 4 false', '4 1 true']);
  });

  it('comes back when it was removed, and passes over what was deleted', async () => {
    for (const number of [1, 2, 3]) await set(number);
    await remove();
    await studio.modelVersions.delete(owner, versions[2] ?? '');
    await rollBack();
    expect(await pointed()).toEqual([2]);
  });

  it('is moved by several at once one after the other', async () => {
    await Promise.all([1, 2, 3, 4, 1, 2, 3, 4].map((number) => set(number)));
    const changes = await studio.prisma.aliasChange.findMany({ where: { modelId: model.id }, orderBy: { time: 'asc' } });
    for (const [index, change] of changes.entries()) expect(change.fromNumber).toBe(changes[index - 1]?.toNumber ?? null);
    expect(await pointed()).toEqual([changes.at(-1)?.toNumber]);
  });

  it('has a name of its form, a version of its model, and is moved by editors', async () => {
    for (const name of ['', 'Champion', 'a b', 'x'.repeat(41)]) {
      const wrong = studio.modelAliases.set(owner, { modelId: model.id, alias: name, versionId: versions[0] ?? '' });
      await expect(wrong).rejects.toMatchObject({ issues: [{ path: 'alias' }] });
    }
    const elsewhere = await studio.models.create(owner, { projectId: defaultProjectId, name: newId() });
    await expect(studio.modelAliases.set(owner, { modelId: elsewhere.id, alias, versionId: versions[0] ?? '' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(remove()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(set(1, member('VIEWER'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(set(1, member('OWNER', 'other'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await set(1, member('EDITOR'));
  });
});
