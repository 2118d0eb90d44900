import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Forbidden, Invalid, NotFound } from '../errors.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import { openPromptLibrary, type PromptLibrary } from '../testing/prompts.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';
import { PromptUse } from './prompt-use.ts';
import type { WordingInput } from './wording.ts';

const folder = temporaryFolder();
let studio: PromptLibrary;
let promptUse: PromptUse;
beforeAll(async () => {
  studio = await openPromptLibrary(folder);
  promptUse = new PromptUse(studio.prisma);
});
afterAll(async () => {
  await studio.prisma.$disconnect();
  cleanUp(folder);
});

const text = (name: string, more = {}) => ({ name, type: 'string', ...more });

/** @returns its id */
async function make(name: string, wording: WordingInput, label?: string): Promise<string> {
  return (await studio.prompts.create(owner, { projectId: defaultProjectId, name, ...wording, label })).id;
}

async function change(promptId: string, wording: Partial<WordingInput>, label?: string) {
  return studio.promptVersions.create(owner, { promptId, ...wording, label });
}

const ask = async (promptId: string, values: unknown = {}, reference: { label?: string; versionId?: string } = {}) =>
  promptUse.render(await promptUse.resolve(owner, { promptId, ...reference }), values);

async function issuesOf(action: Promise<unknown>): Promise<string[]> {
  const error: unknown = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Invalid)) throw error;
  return error.issues.map(({ path, message }) => `${path}: ${message}`);
}

describe('a prompt', () => {
  it('is rendered with all that is sent to the model', async () => {
    const id = await make('greeting', {
      systemPrompt: 'You speak {{language}}.',
      template: 'Greet {{name}}.',
      variables: [text('language', { default: 'English' }), text('name')],
      examples: [{ input: { name: 'Ada' }, output: 'Hello Ada' }],
    });
    const { versionId, ...rendered } = await ask(id, { name: 'Bo' });
    expect(versionId).toMatch(/^\w{14}$/);
    expect(rendered).toEqual({
      promptId: id,
      number: 1,
      model: null,
      parameters: { temperature: 0, topP: 1, maxTokens: 1024, stop: [] },
      system: 'You speak English.',
      messages: [
        { role: 'user', content: 'Greet Ada.' },
        { role: 'assistant', content: 'Hello Ada' },
        { role: 'user', content: 'Greet Bo.' },
      ],
      includes: [],
      variables: { name: 'Bo' },
    });
    expect(await issuesOf(ask(id, { colour: 1 }))).toEqual([
      'variables.colour: There is no variable "colour". There are "language", "name".',
      'variables.name: "name" is missing. It is a text.',
    ]);
  });

  it('is that of production, of another label, of a version, or the newest', async () => {
    const id = await make('labelled', { template: 'one' });
    const second = await change(id, { template: 'two' });
    const said = async (reference = {}) => (await ask(id, {}, reference)).messages[0]?.content;
    expect(await said()).toBe('two');
    await change(id, { template: 'three' }, 'staging');
    expect([await said(), await said({ label: 'staging' }), await said({ versionId: second.id })]).toEqual(['three', 'three', 'two']);
    await studio.promptLabels.deploy(owner, { versionId: second.id, label: 'production' });
    expect([await said(), (await ask(id)).label]).toEqual(['two', 'production']);
    expect(await issuesOf(ask(id, {}, { label: 'nowhere' }))).toEqual([
      'label: The prompt "labelled" has no label "nowhere". It has "production", "staging".',
    ]);
    const other = await make('labelled-too', { template: 'other' });
    await expect(ask(other, {}, { versionId: second.id })).rejects.toThrow(NotFound);
  });

  it('is for those who may execute it', async () => {
    const promptId = await make('secret', { template: 'secret' });
    const resolve = (viewer: typeof owner) => promptUse.resolve(viewer, { promptId });
    await expect(resolve({ ...owner, roles: new Map() })).rejects.toThrow(NotFound);
    await expect(resolve({ ...owner, roles: new Map([[defaultProjectId, 'VIEWER']]) })).rejects.toThrow(Forbidden);
    await expect(resolve({ ...owner, scopes: new Set(['read', 'write']) })).rejects.toThrow(Forbidden);
    await expect(promptUse.resolve(owner, { promptId: 'nothing' })).rejects.toThrow(NotFound);
  });
});

describe('an included prompt', () => {
  it('is what its label points to when it is asked, with its variables', async () => {
    const style = await make('style/guide', { template: 'Write {{tone}}, for {{audience}}.', variables: [text('tone'), text('audience')] });
    const first = await ask(style, { tone: 'a', audience: 'b' });
    const id = await make('letter', {
      systemPrompt: '{{> style/guide}}',
      template: 'Rules:\n  {{> style/guide@plain}}\nAbout {{topic}}',
      variables: [text('topic'), text('audience', { default: 'all' })],
    }).catch((error: unknown) => error);
    // Its label is not there yet.
    expect(id).toMatchObject({ issues: [{ path: 'includes', message: expect.stringContaining('"style/guide" has no label "plain"') }] });

    await studio.promptLabels.deploy(owner, { versionId: first.versionId, label: 'plain' });
    const letter = await make('letter', {
      systemPrompt: '{{> style/guide}}',
      template: 'Rules:\n  {{> style/guide@plain}}\nAbout {{topic}}',
      variables: [text('topic'), text('audience', { default: 'all' })],
    });
    expect(await issuesOf(ask(letter, { topic: 't' }))).toEqual(['variables.tone: "tone" is missing. It is a text.']);
    const values = { topic: 't', tone: 'briefly {{topic}}' };
    expect(await ask(letter, values)).toMatchObject({
      system: 'Write briefly {{topic}}, for all.',
      messages: [{ content: 'Rules:\n  Write briefly {{topic}}, for all.About t' }],
      includes: [
        { name: 'style/guide', label: null, number: 1 },
        { name: 'style/guide', label: 'plain', number: 1 },
      ],
    });
    await change(style, { template: 'Be {{tone}}.\n', variables: [text('tone')] });
    expect(await ask(letter, values)).toMatchObject({
      system: 'Be briefly {{topic}}.\n',
      messages: [{ content: 'Rules:\n  Write briefly {{topic}}, for all.About t' }],
      includes: [
        { name: 'style/guide', label: null, number: 2 },
        { name: 'style/guide', label: 'plain', number: 1 },
      ],
    });
  });

  it('is refused when it is not there, or of another type', async () => {
    expect(await issuesOf(make('lost', { template: '{{> nobody}}' }))).toEqual([
      'includes: There is no prompt "nobody" in this project to include.',
    ]);
    await make('number', { template: '{{n}}', variables: [{ name: 'n', type: 'number' }] });
    expect(await issuesOf(make('numbers', { template: '{{n}} {{> number}}', variables: [text('n')] }))).toEqual([
      'includes: "numbers" has a variable "n" of type string, and in "number" it is of type number. Rename one.',
    ]);
    // Another project is another world.
    const { id: projectId } = await studio.prisma.project.create({ data: { id: 'elsewhere', name: 'Elsewhere' } });
    const viewer = { ...owner, roles: new Map([...owner.roles, [projectId, 'OWNER' as const]]) };
    await expect(studio.prompts.create(viewer, { projectId, name: 'far', template: '{{> number}}' })).rejects.toThrow('no prompt "number"');
  });

  it('cannot lead back to itself, when it is made and when a label is moved later', async () => {
    expect(await issuesOf(make('self', { template: '{{> self}}' }))).toEqual([
      'includes: A prompt cannot include itself: self → self. Take one of these includes out.',
    ]);
    const a = await make('circle/a', { template: 'a' });
    await make('circle/b', { template: 'b {{> circle/a}}' });
    const c = await make('circle/c', { template: 'c {{> circle/b}}' });
    expect(await issuesOf(change(a, { template: 'a {{> circle/c}}' }))).toEqual([
      'includes: A prompt cannot include itself: circle/a → circle/c → circle/b → circle/a. Take one of these includes out.',
    ]);
    // By way of a label that does not lead there yet.
    await change(c, { template: 'harmless' }, 'production');
    await change(a, { template: 'a {{> circle/c}}' });
    expect((await ask(a)).messages).toEqual([{ role: 'user', content: 'a harmless' }]);
    const versions = await studio.prisma.promptVersion.findMany({ where: { promptId: c }, orderBy: { number: 'asc' } });
    await studio.promptLabels.deploy(owner, { versionId: versions[0]?.id ?? '', label: 'production' });
    expect(await issuesOf(ask(a))).toEqual([
      'includes: A prompt cannot include itself: circle/a → circle/c → circle/b → circle/a. Take one of these includes out.',
    ]);
  });

  it('goes eight deep, fifty in all, and its length counts', async () => {
    await make('deep/0', { template: 'bottom' });
    for (let level = 1; level <= 8; level += 1) await make(`deep/${level}`, { template: `{{> deep/${level - 1}}}` });
    const top = await studio.prisma.prompt.findFirstOrThrow({ where: { name: 'deep/8' } });
    expect((await ask(top.id)).messages[0]?.content).toBe('bottom');
    expect((await issuesOf(make('deep/9', { template: '{{> deep/8}}' })))[0]).toContain('At most 8 prompts can be in each other');

    // Each twice the one before, ten thousand times the letters of the first.
    await make('wide/0', { template: 'x'.repeat(1000) });
    for (let level = 1; level <= 4; level += 1) await make(`wide/${level}`, { template: `{{> wide/${level - 1}}}`.repeat(10) });
    const wide = await studio.prisma.prompt.findFirstOrThrow({ where: { name: 'wide/4' } });
    expect(await issuesOf(ask(wide.id))).toEqual([expect.stringContaining('longer than 1,000,000 characters')]);

    const many = Array.from({ length: 51 }, (_, index) => `many/${index}`);
    const version = { number: 1, template: 'x', variables: [], examples: [], includes: [], stop: [], contentHash: '' };
    await studio.prisma.prompt.createMany({ data: many.map((name) => ({ id: name, projectId: defaultProjectId, name, lastNumber: 1 })) });
    await studio.prisma.promptVersion.createMany({ data: many.map((name) => ({ id: name, promptId: name, ...version })) });
    expect(await issuesOf(make('too-many', { template: many.map((name) => `{{> ${name}}}`).join() }))).toEqual([
      'includes: More than 50 prompts would be included.',
    ]);
  });

  it('stands in sections, indented as its tag is', async () => {
    await make('item', { template: '- {{name}}\n', variables: [text('name', { required: false })] });
    const id = await make('list', {
      template: '{{#files}}\n  {{> item}}\n{{/files}}',
      variables: [{ name: 'files', type: 'list' }],
    });
    expect((await ask(id, { files: [{ name: 'a' }, { name: 'b' }] })).messages[0]?.content).toBe('  - a\n  - b\n');
  });
});
