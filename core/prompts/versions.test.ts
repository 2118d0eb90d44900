import type { Prompt } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultProjectId } from '../identity/local-user.ts';
import { newId } from '../ids.ts';
import { memberOf, openPromptLibrary, type PromptLibrary } from '../testing/prompts.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';
import type { NewPromptInput } from './prompts.ts';

const other = 'other';
const folder = temporaryFolder();
let library: PromptLibrary;
let prompt: Prompt;

beforeAll(async () => {
  library = await openPromptLibrary(folder);
  await library.prisma.project.create({ data: { id: other, name: 'Other' } });
});
afterAll(async () => {
  await library.prisma.$disconnect();
  cleanUp(folder);
});
beforeEach(async () => {
  prompt = await make({});
});

const make = (input: Partial<NewPromptInput>, viewer = owner) =>
  library.prompts.create(viewer, { projectId: defaultProjectId, name: `prompt-${newId()}`, template: 'Say hello.', ...input });
const create = (template: string, viewer = owner) => library.promptVersions.create(viewer, { promptId: prompt.id, template });
const numbers = async () =>
  (await library.prisma.promptVersion.findMany({ where: { promptId: prompt.id }, orderBy: { number: 'asc' } })).map(({ number }) => number);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const audited = async (subjectId: string) =>
  (await library.prisma.auditEntry.findMany({ where: { subjectId }, orderBy: { time: 'asc' } })).map(({ action }) => action);

describe('a prompt', () => {
  it('is made with its first version, described anew later, and deleted', async () => {
    const name = `code/${newId()}`;
    const { id } = await make({
      name,
      description: ' What it is for ',
      category: 'code-review',
      tags: ['b', 'a', 'b'],
      notes: 'First',
      label: 'staging',
    });
    const read = () =>
      library.prisma.prompt.findUnique({ where: { id }, include: { tags: { orderBy: { name: 'asc' } }, versions: true, labels: true } });
    expect(await read()).toMatchObject({
      ...{ name, description: 'What it is for', category: 'code-review', lastNumber: 1 },
      tags: [{ name: 'a' }, { name: 'b' }],
      versions: [
        {
          number: 1,
          template: 'Say hello.',
          model: null,
          temperature: 0,
          topP: 1,
          maxTokens: 1024,
          notes: 'First',
          createdById: owner.userId,
        },
      ],
      labels: [{ name: 'staging' }],
    });
    await library.prompts.update(memberOf('EDITOR', defaultProjectId), id, { tags: ['c'], useCase: 'Often' });
    expect(await read()).toMatchObject({
      name,
      category: 'code-review',
      useCase: 'Often',
      tags: [{ name: 'c' }],
      versions: [{ number: 1 }],
    });
    expect(await audited(id)).toEqual(['createPrompt', 'deployPromptVersion', 'updatePrompt']);
    await library.prompts.delete(memberOf('EDITOR', defaultProjectId), id);
    expect([await read(), await library.prisma.promptVersion.count({ where: { promptId: id } })]).toEqual([null, 0]);
  });

  it('is described by texts that every database stores', async () => {
    const input = { description: 'a\0b', useCase: '\0', tags: ['\0'], category: '\0' };
    await expect(make(input)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: ['description', 'category', 'useCase', 'tags.0'].map((path) => ({ path })),
    });
    await expect(make({ notes: '\0', model: 'a/\0', stop: ['\0'] })).rejects.toMatchObject({
      issues: ['model', 'stop.0', 'notes'].map((path) => ({ path })),
    });
  });

  it('has a name of its own in its project, of folders and words', async () => {
    await expect(make({ name: prompt.name })).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(prompt.name) });
    expect(await make({ name: prompt.name, projectId: other }, memberOf('EDITOR', other))).toMatchObject({ name: prompt.name });
    const { name } = await make({});
    await expect(library.prompts.update(owner, prompt.id, { name })).rejects.toMatchObject({ code: 'CONFLICT' });
    for (const wrong of ['', 'A', 'a b', '/a', 'a/', 'a//b', 'ä', 'x'.repeat(101)])
      await expect(make({ name: wrong }), wrong).rejects.toMatchObject({ issues: [{ path: 'name' }] });
    const long = { category: 'two words', tags: [''], useCase: 'x'.repeat(1001) };
    await expect(library.prompts.update(owner, prompt.id, long)).rejects.toMatchObject({
      issues: [{ path: 'category' }, { path: 'useCase' }, { path: 'tags.0' }],
    });
  });

  it('is changed by editors of its project', async () => {
    await expect(make({}, memberOf('VIEWER', defaultProjectId))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    for (const change of [
      () => library.prompts.update(memberOf('OWNER', other), prompt.id, { useCase: 'x' }),
      () => library.prompts.delete(memberOf('OWNER', other), prompt.id),
      () => create('Mine', memberOf('OWNER', other)),
    ])
      await expect(change()).rejects.toMatchObject({ code: 'NOT_FOUND', message: `There is no prompt ${prompt.id}.` });
  });

  it('keeps its name, and stays, while another one that is in use includes it', async () => {
    const including = await make({ template: `{{> ${prompt.name}}} Go on.` });
    const message = `The prompt "${including.name}" includes "${prompt.name}"`;
    await expect(library.prompts.update(owner, prompt.id, { name: newId() })).rejects.toThrow(message);
    await expect(library.prompts.delete(owner, prompt.id)).rejects.toThrow(message);
    await library.promptVersions.create(owner, { promptId: including.id, template: 'Alone.' });
    const [first] = await library.prisma.promptVersion.findMany({ where: { promptId: including.id, number: 1 } });
    await library.promptLabels.deploy(owner, { versionId: first?.id ?? '', label: 'production' });
    await expect(library.prompts.delete(owner, prompt.id)).rejects.toThrow(message);
    await library.promptLabels.remove(owner, { promptId: including.id, label: 'production' });
    await library.prompts.delete(owner, prompt.id);
  });

  it('is found by its words', async () => {
    const { id } = await make({ description: 'Zebrafinken zählen' });
    expect(await library.prompts.matching(owner, { text: 'zahlen zebraf' })).toEqual([id]);
    expect(await library.prompts.matching(memberOf('OWNER', other), { text: 'zebraf' })).toEqual([]);
    await library.prompts.update(owner, id, { description: 'Amseln' });
    expect(await library.prompts.matching(owner, { projectId: defaultProjectId, text: 'zebraf' })).toEqual([]);
  });
});

describe('versions of a prompt', () => {
  it('are numbered without holes or repeats when 50 writers make them at once, and others are refused meanwhile', async () => {
    const writers = Promise.all(upTo(50).map((index) => create(`Wording ${index}`)));
    const refused = upTo(5).flatMap((index) => [
      create(`{{wrong ${index}`),
      create('Say hello.'),
      create(`Mine ${index}`, memberOf('VIEWER', defaultProjectId)),
    ]);
    const [made, failed] = await Promise.all([writers, Promise.allSettled(refused)]);
    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    expect(made.map(({ number }) => number).sort((a, b) => a - b)).toEqual(upTo(51).slice(1));
    expect(await numbers()).toEqual(upTo(51));
    expect(await library.prisma.prompt.findUniqueOrThrow({ where: { id: prompt.id } })).toMatchObject({ lastNumber: 51 });
  });

  it('are made once of the same content, whoever is first', async () => {
    const outcomes = await Promise.allSettled(upTo(8).map(() => create('The same for all.')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('Version 2 of') });
    }
    expect(await numbers()).toEqual([1, 2]);
  });

  it('take what is left out from the newest, or from another one', async () => {
    const first = await library.promptVersions.create(owner, {
      promptId: prompt.id,
      model: 'claude/one',
      temperature: 0.5,
      notes: 'Warmer',
    });
    expect(first).toMatchObject({ number: 2, template: 'Say hello.', model: 'claude/one', temperature: 0.5, topP: 1, notes: 'Warmer' });
    const second = await library.promptVersions.create(owner, { promptId: prompt.id, model: null, label: 'staging' });
    expect(second).toMatchObject({ number: 3, model: null, temperature: 0.5, notes: '' });
    expect(await library.promptVersions.create(owner, { promptId: prompt.id, basedOnId: first.id, topP: 0.9 })).toMatchObject({
      number: 4,
      model: 'claude/one',
      topP: 0.9,
    });
    const elsewhere = await library.prisma.promptVersion.findFirstOrThrow({ where: { promptId: (await make({})).id } });
    await expect(library.promptVersions.create(owner, { promptId: prompt.id, basedOnId: elsewhere.id, topP: 0.1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('are refused with an issue for each field that is wrong', async () => {
    const wrong = { model: 'no plugin', temperature: 3, topP: 0, maxTokens: 0.5, stop: [''], notes: 'x'.repeat(10_001) };
    await expect(library.promptVersions.create(owner, { promptId: prompt.id, ...wrong })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      issues: ['model', 'temperature', 'topP', 'maxTokens', 'stop.0', 'notes'].map((path) => ({ path })),
    });
    await expect(create('Hello {{nobody}}')).rejects.toMatchObject({
      issues: [{ path: 'template', message: expect.stringContaining('"nobody"') }],
    });
    expect(await numbers()).toEqual([1]);
  });

  it('are compared by those who may see them', async () => {
    const second = await create('Say hello, and goodbye.');
    const first = await library.prisma.promptVersion.findFirstOrThrow({ where: { promptId: prompt.id, number: 1 } });
    expect(await library.promptVersions.compare(memberOf('VIEWER', defaultProjectId), first.id, second.id)).toMatchObject({
      fields: [],
      template: [{ kind: 'REMOVED' }, { kind: 'ADDED', text: 'Say hello, and goodbye.', toLine: 1 }],
    });
    await expect(library.promptVersions.compare(memberOf('VIEWER', other), first.id, second.id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
