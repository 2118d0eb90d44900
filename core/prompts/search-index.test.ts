import fc from 'fast-check';
import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultProjectId, ensureFirstUser } from '../identity/local-user.ts';
import { cleanUp, temporaryFolder } from '../testing/studio.ts';
import { PromptSearchIndex } from './search-index.ts';

const folder = temporaryFolder();
let prisma: PrismaClient;
let index: PromptSearchIndex;

interface Said {
  description?: string;
  category?: string;
  useCase?: string;
  tags?: string[];
  systemPrompt?: string;
  template?: string;
}

beforeAll(async () => {
  const url = await testDatabase(folder);
  prisma = await openDatabase(url);
  index = new PromptSearchIndex({ isPostgresql: url.startsWith('postgres') });
  await ensureFirstUser(prisma);
  await prisma.project.create({ data: { id: 'elsewhere', name: 'Elsewhere' } });
  await put('code/review', { description: 'Finds bugs', tags: ['quality'], template: 'Review this {{language}} code: {{code}}' });
  await put('commit-message', { useCase: 'Git', category: 'writing', template: 'Write a commit message for {{diff}}' });
  await put('sql/from-question', {
    systemPrompt: 'You write SQL. Never review.',
    template: 'Größe und Übersicht, naïve café, utf8 and 3d',
  });
  await put('japanese', { template: '関数を説明してください。ありがとう' });
  await put('code/review', { template: 'of another project' }, 'elsewhere');
});
afterAll(async () => {
  await prisma.$disconnect();
  cleanUp(folder);
});

async function put(name: string, said: Said, projectId = defaultProjectId): Promise<void> {
  const { tags = [], systemPrompt = '', template = '', ...fields } = said;
  const id = `${projectId}-${name}`;
  await prisma.$transaction(async (transaction) => {
    const prompt = await transaction.prompt.upsert({
      where: { id },
      create: { id, projectId, name, ...fields, tags: { create: tags.map((tag) => ({ name: tag })) } },
      update: fields,
    });
    await index.put(transaction, prompt, { systemPrompt, template });
  });
}

const found = async (text: string): Promise<string[]> =>
  (await index.find(prisma, defaultProjectId, text)).map(({ promptId }) => promptId.slice(defaultProjectId.length + 1));

describe('the search by text', () => {
  it.each([
    ['review', ['code/review', 'sql/from-question']],
    ['REVIEW', ['code/review', 'sql/from-question']],
    ['quality', ['code/review']],
    ['finds bug', ['code/review']],
    ['bug finds', []],
    ['git commit', ['commit-message']],
    ['comm', ['commit-message']],
    ['mess diff', []],
    ['diff mess', ['commit-message']],
    ['commit-mess', ['commit-message']],
    ['message commit mess', ['commit-message']],
    ['grosse', []],
    ['größe', ['sql/from-question']],
    ['grosze', []],
    ['ubersicht', ['sql/from-question']],
    ['Cafe naive', ['sql/from-question']],
    ['utf8', ['sql/from-question']],
    ['utf 8', []],
    ['3', ['sql/from-question']],
    ['関数', ['japanese']],
    ['説明', ['japanese']],
    ['writing', ['commit-message']],
    ['review elsewhere', []],
    // Ids are nothing to be found by.
    [defaultProjectId, []],
  ])('finds by %j %j', async (text, expected) => {
    expect(await found(text)).toEqual(expected);
  });

  it.each([
    '',
    '   ',
    '"',
    "'",
    '"review',
    "review'",
    'review"*',
    '* review',
    '-review',
    'NOT review',
    'review AND',
    'OR',
    'NEAR(review, 2)',
    'name : review',
    'review & bugs | !x <-> y:*',
    '(((',
    '{name} : ^review',
    '\\',
    '\'); DROP TABLE "PromptSearch"; --',
    '😀 👩‍💻 🇩🇪',
    'review 😀',
    '\0',
    '\ud800',
    '%_',
    'x'.repeat(10_000),
    'review '.repeat(1400),
    Array.from({ length: 2000 }, (_, word) => `w${word}`).join(' '),
    '"'.repeat(10_000),
  ])('takes for words and nothing else what is there (%#)', async (text) => {
    expect(Array.isArray(await found(text))).toBe(true);
    expect(await found('quality')).toEqual(['code/review']);
  });

  it('takes whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc.string({ unit: fc.constantFrom('"', "'", '\\', '*', '(', ' ', 'a', '\ud800', '\udc00', ':'), maxLength: 60 }),
        ),
        async (text) => {
          expect(Array.isArray(await found(text))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('finds every text by its own words, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (template) => {
        fc.pre(!template.includes('\0'));
        await put('whatever', { template: `${template} marked` });
        expect(await found(`${template.slice(0, 40)} marked`)).toEqual(
          Array.from(template).length > 40 || template.length > 40 ? expect.any(Array) : ['whatever'],
        );
      }),
      { numRuns: 60 },
    );
  });

  it('puts names before descriptions, and these before texts', async () => {
    await put('ranking/text', { template: `zebra and ${'many other words '.repeat(5)}` });
    await put('ranking/description', { description: 'A zebra', template: 'many other words' });
    await put('ranking/zebra', { template: 'many other words' });
    expect(await found('zebra')).toEqual(['ranking/zebra', 'ranking/description', 'ranking/text']);
    const scores = (await index.find(prisma, defaultProjectId, 'zebra')).map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(scores.every((score) => score > 0)).toBe(true);
  });

  it('forgets what was said before, and what was deleted', async () => {
    await put('changing', { template: 'giraffe' });
    await put('changing', { template: 'elephant' });
    expect(await found('giraffe')).toEqual([]);
    expect(await found('elephant')).toEqual(['changing']);
    await prisma.prompt.delete({ where: { id: `${defaultProjectId}-changing` } });
    expect(await found('elephant')).toEqual([]);
    await prisma.project.create({ data: { id: 'short', name: 'Short' } });
    await put('there', { template: 'elephant' }, 'short');
    await prisma.project.delete({ where: { id: 'short' } });
    expect(await prisma.$queryRaw`SELECT "promptId" FROM "PromptSearch" WHERE "promptId" LIKE 'short%'`).toEqual([]);
  });

  it('takes texts as long as they may be, of nothing but different words', async () => {
    const words = Array.from({ length: 24_000 }, (_, word) => `${word.toString(36)}ж`).join(' ');
    await put('long', { template: words.slice(0, 100_000), systemPrompt: words.slice(0, 100_000), description: words.slice(-10_000) });
    expect(await found('1ж')).toEqual(['long']);
    await put('long', {
      template: '한국어를'
        .repeat(25_000)
        .match(/.{1,5}/g)
        ?.join(' ')
        .slice(0, 100_000),
      systemPrompt: '\uFDFA'.repeat(100_000),
    });
    expect(await found('한국어를')).toEqual(['long']);
  });
});
