import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Invalid } from '../errors.ts';
import { newId } from '../ids.ts';
import { memberOf, openPromptLibrary, type PromptLibrary } from '../testing/prompts.ts';
import { cleanUp, temporaryFolder } from '../testing/studio.ts';
import { fileLimits } from './import-export-file.ts';
import type { ExistingChoice } from './import-export.ts';
import type { FileFormat } from './import-export-text.ts';

const folder = temporaryFolder();
let studio: PromptLibrary;
/** Two projects, new for each test. */
let from: string;
let to: string;

const member = (role: 'VIEWER' | 'EDITOR' | 'OWNER') => memberOf(role, from, to);

beforeAll(async () => {
  studio = await openPromptLibrary(folder);
});
afterAll(async () => {
  await studio.prisma.$disconnect();
  cleanUp(folder);
});
beforeEach(async () => {
  [from, to] = [newId(), newId()];
  for (const id of [from, to]) await studio.prisma.project.create({ data: { id, name: id } });
});

const take = (format: FileFormat, areAllVersions = true, projectId = from, promptIds?: string[]) =>
  studio.promptTransfer.export(member('VIEWER'), { projectId, promptIds, format, areAllVersions });
const bring = (text: string, existing: ExistingChoice = 'FAIL', format: FileFormat = 'YAML', viewer = member('OWNER')) =>
  studio.promptTransfer.import(viewer, { projectId: to, text, format, existing });

/** Everything that an export is about. */
const contents = async (projectId: string) =>
  studio.prisma.prompt.findMany({
    where: { projectId },
    select: {
      ...{ name: true, description: true, category: true, useCase: true, lastNumber: true },
      tags: { select: { name: true }, orderBy: { name: 'asc' } },
      labels: { select: { name: true, version: { select: { number: true } } }, orderBy: { name: 'asc' } },
      versions: {
        select: {
          ...{ number: true, notes: true, model: true, temperature: true, topP: true, maxTokens: true, stop: true, contentHash: true },
          ...{ systemPrompt: true, template: true, variables: true, examples: true, includes: true },
        },
        orderBy: { number: 'asc' },
      },
    },
    orderBy: { name: 'asc' },
  });

async function fill(): Promise<void> {
  await studio.prompts.create(author(), { projectId: from, name: 'style', template: 'yes', label: 'staging' });
  const { id } = await studio.prompts.create(author(), {
    projectId: from,
    name: 'code/review',
    description: 'Looks at changes.\nAll of them.',
    category: 'code-review',
    useCase: 'Before a merge',
    tags: ['code', 'ä ö'],
    model: 'claude/claude-sonnet-4-5',
    temperature: 0.25,
    stop: ['END', '\n\n'],
    systemPrompt: '  You review code.\n\n- be kind\t\n',
    template: 'Review {{code}}:\r\n{{#notes}}* {{.}}\n{{/notes}}# not a comment: "yes" \n',
    variables: [
      { name: 'code', type: 'string', description: 'The code' },
      { name: 'notes', type: 'list', default: ['a', 1, null, { deep: [true] }], required: false },
    ],
    examples: [
      { input: { code: 'x = 1', notes: [] }, output: 'Fine.' },
      { input: 'A whole question: 007', output: '~\nnull' },
    ],
    notes: 'First',
    label: 'production',
  });
  for (const template of ['{{code}} {{#notes}}{{.}}{{/notes}} 2', '{{code}} {{#notes}}{{.}}{{/notes}} {{> style@staging}}'])
    await studio.promptVersions.create(author(), { promptId: id, template, label: 'staging' });
}

const author = () => member('OWNER');

const issuesOf = async (outcome: Promise<unknown>) => {
  const error = await outcome.catch((thrown: unknown) => thrown);
  if (!(error instanceof Invalid)) throw new Error(`This was no refusal: ${String(error)}`);
  return error.issues.map(({ path, message }) => `${path}: ${message}`);
};

describe('an export', () => {
  it.each(['JSON', 'YAML'] as const)('of whole prompts as %s becomes the same prompts again', async (format) => {
    await fill();
    const written = await take(format);
    expect(written).toMatchObject({ prompts: 2, versions: 4, fileName: `prompts.${format.toLowerCase()}` });
    expect(await bring(written.text, 'FAIL', format)).toMatchObject({ versions: 4, skipped: [], updatedIds: [] });
    expect(await contents(to)).toEqual(await contents(from));
    expect((await take(format, true, to)).text).toBe(written.text);
  });

  it('of newest versions has the labels that point to them, and they become the first ones', async () => {
    await fill();
    const written = await take('YAML', false);
    expect(written).toMatchObject({ prompts: 2, versions: 2 });
    await bring(written.text);
    expect((await contents(to))[0]).toMatchObject({
      name: 'code/review',
      lastNumber: 1,
      labels: [{ name: 'staging', version: { number: 1 } }],
      versions: [
        { number: 1, template: '{{code}} {{#notes}}{{.}}{{/notes}} {{> style@staging}}', includes: [{ name: 'style', label: 'staging' }] },
      ],
    });
  });

  it('brings any texts through YAML unchanged', async () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .map((made) => `x${made.replaceAll(/[{}\0]|\p{Surrogate}/gu, '')}`);
    await fc.assert(
      fc.asyncProperty(text, text, async (template, systemPrompt) => {
        const name = `any-${newId()}`;
        const { id } = await studio.prompts.create(author(), { projectId: from, name, template, systemPrompt });
        const { createdIds } = await bring((await take('YAML', true, from, [id])).text);
        expect(await studio.prisma.promptVersion.findFirstOrThrow({ where: { promptId: createdIds[0] } })).toMatchObject({
          template,
          systemPrompt,
        });
      }),
      { numRuns: 8 },
    );
  });

  it('is of what is there, and seen by its project', async () => {
    await expect(take('YAML')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await fill();
    await expect(take('YAML', true, from, ['nothing'])).rejects.toThrow('There is no prompt nothing in this project.');
    await expect(
      studio.promptTransfer.export(memberOf('OWNER'), { projectId: from, format: 'JSON', areAllVersions: true }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('an import', () => {
  it('leaves prompts that are there, gives them new versions, or fails, as asked', async () => {
    await fill();
    const { text } = await take('YAML');
    const { id } = await studio.prompts.create(author(), { projectId: to, name: 'style', template: 'no', label: 'staging' });
    await expect(bring(text)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('"style"') });
    expect((await contents(to)).map(({ name }) => name)).toEqual(['style']);
    expect(await bring(text, 'SKIP')).toMatchObject({ skipped: ['style'], versions: 3 });
    expect(await bring(text, 'NEW_VERSION')).toMatchObject({ createdIds: [], updatedIds: [id], skipped: ['code/review'], versions: 1 });
    expect((await contents(to)).at(-1)).toMatchObject({
      lastNumber: 2,
      labels: [{ name: 'staging', version: { number: 1 } }],
      versions: [{ template: 'no' }, { number: 2, template: 'yes' }],
    });
    expect(await bring(text, 'NEW_VERSION')).toMatchObject({ versions: 0, skipped: ['code/review', 'style'] });
  });

  it('takes as many prompts as a file may have, all of which can be found and exported again', async () => {
    const prompts = Array.from({ length: fileLimits.prompts }, (_, index) => ({
      ...{ name: `p${1000 + index}`, description: 'Swallow', tags: ['bird'], labels: { production: 1, staging: 2 } },
      versions: [1, 2].map((number) => ({ number, template: `${number}{{> p1000@-x}}`.slice(0, index === 0 ? 1 : undefined) })),
    }));
    const file = { anneal: 'prompts', formatVersion: 1, prompts: [{ ...prompts[0], labels: { '-x': 2 } }, ...prompts.slice(1)] };
    const { createdIds, versions } = await bring(JSON.stringify(file), 'FAIL', 'JSON');
    expect([createdIds.length, versions]).toEqual([1000, 2000]);
    const last = { id: createdIds.at(-1) ?? '' };
    expect(
      await studio.prisma.prompt.findUnique({ where: last, include: { tags: true, labelChanges: { orderBy: { label: 'asc' } } } }),
    ).toMatchObject({
      ...{ name: 'p1999', lastNumber: 2, tags: [{ name: 'bird' }] },
      labelChanges: [
        { label: 'production', fromNumber: null, toNumber: 1, notes: 'Imported' },
        { label: 'staging', fromNumber: null, toNumber: 2 },
      ],
    });
    expect(await studio.prisma.auditEntry.count({ where: { subjectId: last.id } })).toBe(3);
    const written = await take('JSON', true, to, createdIds);
    expect(written).toMatchObject({ prompts: 1000, versions: 2000 });
    expect(await bring(written.text, 'NEW_VERSION', 'JSON')).toMatchObject({ versions: 0, createdIds: [] });
    const found = await studio.prompts.matching(author(), { projectId: to, text: 'swallow' });
    const where = { projectId: to, id: { in: found } };
    expect(await studio.prisma.prompt.findMany({ where, orderBy: [{ name: 'asc' }, { id: 'asc' }], take: 21 })).toHaveLength(21);
    expect(await studio.prisma.prompt.count({ where })).toBe(500);
    await expect(take('JSON', true, to, [...createdIds, 'x'])).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('refuses more labels than a prompt may have, and characters that are no text', async () => {
    const labels = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`l${index}`, 1]));
    const file = (more: object) =>
      JSON.stringify({ anneal: 'prompts', formatVersion: 1, prompts: [{ name: 'a', versions: [{ number: 1, template: 'x' }], ...more }] });
    expect(await issuesOf(bring(file({ labels }), 'FAIL', 'JSON'))).toEqual([
      'prompts.0.labels: Line 1 of the file: A prompt has at most 100 labels.',
    ]);
    expect(await issuesOf(bring(file({ useCase: 'a\0b', tags: ['\0'] }), 'FAIL', 'JSON'))).toEqual([
      expect.stringMatching(/^prompts\.0\.useCase: .*no text/),
      expect.stringMatching(/^prompts\.0\.tags\.0: .*no text/),
    ]);
  });

  it('is all or nothing, also where a protected label is set by an editor', async () => {
    await fill();
    const { text } = await take('JSON');
    await studio.promptLabels.protect(author(), { projectId: to, label: 'production', isProtected: true });
    await expect(bring(text, 'FAIL', 'JSON', member('EDITOR'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(bring(text, 'FAIL', 'JSON', member('VIEWER'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await contents(to)).toEqual([]);
  });

  it('needs what its prompts include, in the file or in the project', async () => {
    const { id } = (await fill(), await studio.prisma.prompt.findFirstOrThrow({ where: { projectId: from, name: 'code/review' } }));
    const { text } = await take('YAML', true, from, [id]);
    expect(await issuesOf(bring(text))).toEqual([expect.stringMatching(/^prompts\.0: Line 4 of the file: .*"style"/)]);
    expect(await contents(to)).toEqual([]);
    await studio.prompts.create(author(), { projectId: to, name: 'style', template: 'mine', label: 'staging' });
    expect(await bring(text)).toMatchObject({ versions: 3 });
  });

  it('says path and line of everything that is wrong', async () => {
    const text = `anneal: prompts
formatVersion: 1
prompts:
  - name: Wrong Name
    versions:
      - number: 1
        template: hello
  - name: good
    colour: red
    labels: { production: 7 }
    versions:
      - number: 1
        template: "{{nobody}}"
        temperature: 3
  - name: good
    labels: { production: 7 }
    versions:
      - number: 1
        template: |
          hello
          {{nobody}}
      - number: 1
        template: hello
`;
    const issues = await issuesOf(bring(text));
    expect(issues).toEqual([
      expect.stringMatching(/^prompts\.0\.name: Line 4 of the file: A name has 1 to 100/),
      expect.stringMatching(/^prompts\.1: Line 8 of the file: Unrecognized key: "colour"/),
      expect.stringMatching(/^prompts\.2\.versions\.0\.template: Line 19 of the file: Line 2, column 1: There is no variable "nobody"/),
      expect.stringMatching(/^prompts\.2\.labels\.production: Line 16 of the file: The label "production" points to version 7/),
    ]);
    const json = JSON.stringify({ anneal: 'prompts', formatVersion: 1, prompts: [{ name: 'a', versions: [{ number: 1 }] }] }, null, 2);
    expect(await issuesOf(bring(json, 'FAIL', 'JSON'))).toEqual([
      'prompts.0.versions.0.template: Line 8 of the file: A template is needed: what the model is to be asked.',
    ]);
    expect(await contents(to)).toEqual([]);
  });

  it.each([
    ['what is no JSON', 'JSON', '{"anneal": "prompts",\n "prompts": [1 2]}', /^text: Line 2 of the file: This is no JSON/],
    ['what is no YAML', 'YAML', 'anneal: prompts\nprompts: [\n', /^text: Line \d+ of the file: This is no YAML/],
    ['another file', 'YAML', 'hello', /^: .*expected object/],
    ['tags of its own', 'YAML', 'anneal: !!js/function "x"\n', /^text: Line 1 of the file: .*tag/],
    ['keys that are there twice', 'YAML', 'anneal: prompts\nanneal: prompts\n', /^text: Line 2 of the file: .*unique/],
    ['brackets without end', 'YAML', '['.repeat(20_000), /^text: .*This is no YAML/],
    ['brackets without end', 'JSON', '['.repeat(200_000), /^text: .*This is no JSON/],
    [
      'a key that every object has',
      'JSON',
      '{"anneal":"prompts","formatVersion":1,"prompts":[{"__proto__":{"name":"a"}}]}',
      /prompts\.0\.name/,
    ],
  ] as const)('refuses %s (%s)', async (_what, format, text, issue) => {
    expect((await issuesOf(bring(text, 'FAIL', format)))[0]).toMatch(issue);
  });

  it('refuses aliases that would become gigabytes, and files that are too long', async () => {
    const bomb = Array.from({ length: 20 }, (_, level) =>
      level === 0
        ? 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
        : `a${level}: &a${level} [${Array(10)
            .fill(`*a${level - 1}`)
            .join(', ')}]`,
    );
    expect((await issuesOf(bring(bomb.join('\n'))))[0]).toMatch(/^text: This is no YAML that can be read: .*alias/);
    await expect(bring(' '.repeat(fileLimits.characters + 1))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const version = (number: number) => ({ number, template: `Wording ${number}` });
    const versions = Array.from({ length: fileLimits.versions + 1 }, (_, index) => version(index + 1));
    const many = JSON.stringify({ anneal: 'prompts', formatVersion: 1, prompts: [{ name: 'many', versions }] });
    expect(await issuesOf(bring(many, 'FAIL', 'JSON'))).toEqual([expect.stringContaining('at most 5,000 versions')]);
  });
});
