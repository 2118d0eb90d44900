import type { Prompt } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultProjectId } from '../identity/local-user.ts';
import { newId } from '../ids.ts';
import { memberOf, openPromptLibrary, type PromptLibrary } from '../testing/prompts.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';

const folder = temporaryFolder();
const editor = memberOf('EDITOR', defaultProjectId);
const label = 'production';
let library: PromptLibrary;
let prompt: Prompt;
/** Ids of versions 1 to 4. */
let versions: string[];

beforeAll(async () => {
  library = await openPromptLibrary(folder);
  await library.prisma.project.create({ data: { id: 'other', name: 'Other' } });
});
afterAll(async () => {
  await library.prisma.$disconnect();
  cleanUp(folder);
});
beforeEach(async () => {
  prompt = await library.prompts.create(owner, { projectId: defaultProjectId, name: newId(), template: 'One' });
  for (const template of ['Two', 'Three', 'Four']) await library.promptVersions.create(owner, { promptId: prompt.id, template });
  const found = await library.prisma.promptVersion.findMany({ where: { promptId: prompt.id }, orderBy: { number: 'asc' } });
  versions = found.map(({ id }) => id);
});

const deploy = (number: number, viewer = owner, notes?: string) =>
  library.promptLabels.deploy(viewer, { versionId: versions[number - 1] ?? '', label, notes });
const remove = (viewer = owner) => library.promptLabels.remove(viewer, { promptId: prompt.id, label });
const rollBack = (viewer = owner) => library.promptLabels.rollBack(viewer, { promptId: prompt.id, label });
const pointed = async () =>
  (await library.prisma.promptLabel.findMany({ where: { promptId: prompt.id }, include: { version: true } })).map(
    ({ version }) => version.number,
  );
const history = () =>
  library.prisma.labelChange.findMany({
    where: { promptId: prompt.id, label },
    orderBy: { time: 'asc' },
    select: { fromNumber: true, toNumber: true, isRollBack: true, notes: true, userId: true },
  });
const protect = (isProtected: boolean, viewer = owner) =>
  library.promptLabels.protect(viewer, { projectId: defaultProjectId, label, isProtected });

describe('a label', () => {
  it('is one of at most a hundred of a prompt, which still move', async () => {
    const [versionId = '', second = ''] = versions;
    const rows = Array.from({ length: 100 }, (_, index) => ({ promptId: prompt.id, name: `l${index}`, versionId, updatedAt: new Date() }));
    await library.prisma.promptLabel.createMany({ data: rows });
    await expect(deploy(1)).rejects.toMatchObject({ issues: [{ path: 'label', message: expect.stringContaining('at most 100 labels') }] });
    await library.promptLabels.deploy(owner, { versionId: second, label: 'l7' });
    expect(await library.prisma.promptLabel.count({ where: { promptId: prompt.id, versionId: second } })).toBe(1);
  });

  it('has a name and notes that are texts', async () => {
    const bad = { promptId: prompt.id, label: 'a\0b' };
    await expect(library.promptLabels.remove(owner, bad)).rejects.toMatchObject({ issues: [{ path: 'label' }] });
    await expect(library.promptLabels.rollBack(owner, bad)).rejects.toMatchObject({ issues: [{ path: 'label' }] });
    await expect(deploy(1, owner, 'a\0b')).rejects.toMatchObject({ issues: [{ path: 'notes' }] });
  });

  it('points to one version at a time; who moved it when, from where and why is remembered', async () => {
    for (const number of [1, 2, 2]) await deploy(number, editor, ` To ${number} `);
    await remove();
    expect(await pointed()).toEqual([]);
    const by = { isRollBack: false, userId: owner.userId };
    expect(await history()).toEqual([
      { fromNumber: null, toNumber: 1, notes: 'To 1', ...by },
      { fromNumber: 1, toNumber: 2, notes: 'To 2', ...by },
      { fromNumber: 2, toNumber: null, notes: '', ...by },
    ]);
    const entries = await library.prisma.auditEntry.findMany({ where: { subjectId: prompt.id }, orderBy: { time: 'asc' } });
    expect(entries.slice(-3).map(({ action, details }) => ({ action, details }))).toEqual([
      { action: 'deployPromptVersion', details: { label, fromNumber: null, toNumber: 1 } },
      { action: 'deployPromptVersion', details: { label, fromNumber: 1, toNumber: 2 } },
      { action: 'removePromptLabel', details: { label, fromNumber: 2, toNumber: null } },
    ]);
    await expect(remove()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('goes back in one call, further each time, and that is history too', async () => {
    for (const number of [1, 3, 4]) await deploy(number);
    await rollBack(editor);
    expect(await pointed()).toEqual([3]);
    await rollBack();
    expect(await pointed()).toEqual([1]);
    await expect(rollBack()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('Deploy one instead') });
    await remove();
    await rollBack();
    expect(await pointed()).toEqual([1]);
    expect((await history()).filter(({ isRollBack }) => isRollBack).map(({ toNumber }) => toNumber)).toEqual([3, 1, 1]);
  });

  it('has a history without breaks when many move it at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => deploy((index % 4) + 1)));
    const changes = await history();
    for (const [index, { fromNumber }] of changes.entries()) expect(fromNumber).toBe(changes[index - 1]?.toNumber ?? null);
    expect(await pointed()).toEqual([changes.at(-1)?.toNumber]);
  });

  it('that is protected is moved, removed and rolled back by owners alone, and so is what it belongs to', async () => {
    await deploy(1);
    await deploy(2);
    await expect(protect(true, editor)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await protect(true)).toEqual([label]);
    for (const change of [
      () => deploy(3, editor),
      () => remove(editor),
      () => rollBack(editor),
      () => library.promptVersions.create(editor, { promptId: prompt.id, template: 'Five', label }),
      () => library.prompts.create(editor, { projectId: defaultProjectId, name: newId(), template: 'New', label }),
      () => library.prompts.delete(editor, prompt.id),
    ])
      await expect(change()).rejects.toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('"production" is protected') });
    expect([await pointed(), (await history()).length]).toEqual([[2], 2]);
    expect(await library.prisma.promptVersion.count({ where: { promptId: prompt.id } })).toBe(4);
    await library.promptLabels.deploy(editor, { versionId: versions[2] ?? '', label: 'staging' });
    await deploy(3);
    expect(await protect(false)).toEqual([]);
    await deploy(4, editor);
  });

  it('has a form, and is of its project', async () => {
    for (const wrong of ['', 'Production', 'a b', 'x'.repeat(41)]) {
      await expect(library.promptLabels.deploy(owner, { versionId: versions[0] ?? '', label: wrong })).rejects.toMatchObject({
        issues: [{ path: 'label' }],
      });
    }
    await expect(deploy(1, owner, 'x'.repeat(1001))).rejects.toMatchObject({ issues: [{ path: 'notes' }] });
    await expect(deploy(1, memberOf('VIEWER', defaultProjectId))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(deploy(1, memberOf('OWNER', 'other'))).rejects.toMatchObject({ message: `There is no prompt version ${versions[0]}.` });
    await expect(protect(true, memberOf('OWNER', 'other'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
