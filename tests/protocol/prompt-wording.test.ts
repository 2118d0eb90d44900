import type { ProviderServer } from '@anneal/plugins/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectProvider, modelId } from './provider.ts';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
let provider: ProviderServer;
let projectId: string;

beforeAll(async () => {
  studio = await openStudio();
  provider = await connectProvider(studio, { 'words-embed': {}, chat: 'Hello' });
  const { data } = await studio.send<{ projects: { edges: { node: { id: string } }[] } }>('{ projects { edges { node { id } } } }');
  projectId = data.projects.edges[0]?.node.id ?? '';
});
afterAll(async () => {
  await studio.close();
  await provider[Symbol.asyncDispose]();
});

/** Sends a document whose one field answers a union. */
async function ask<Data>(document: string, variables: object): Promise<Data> {
  const { data, errors } = await studio.send<Record<string, Data>>(document, variables);
  expect(errors).toEqual([]);
  const [answer] = Object.values(data);
  if (answer === undefined) throw new Error('nothing was answered');
  return answer;
}

interface Refusal {
  code: string;
  message: string;
  issues?: { path: string }[];
}

interface Made extends Refusal {
  data: { id: string; name: string };
}

const create = (name: string, content: object): Promise<Made> =>
  ask(
    `mutation ($input: CreatePromptInput!) { createPrompt(input: $input) {
      ... on CreatePromptSuccess { data { id name } } ... on Error { code message } ... on InvalidInput { issues { path } } } }`,
    { input: { projectId, name, content } },
  );

interface Preview extends Refusal {
  data: {
    system: string | null;
    messages: { role: string; content: string }[];
    issues: { path: string; message: string; place: { line: number; column: number; excerpt: string } | null }[];
    warnings: { path: string }[];
    variables: { name: string; type: string; isDeclared: boolean; isUsed: boolean; isIncluded: boolean; required: boolean }[];
    includes: { name: string; label: string | null; number: number }[];
    characters: number;
  };
}

const preview = (input: object): Promise<Preview> =>
  ask(
    `query ($input: PromptPreviewInput!) { previewPrompt(input: $input) {
      ... on PreviewPromptSuccess { data { system messages { role content } issues { path message place { line column excerpt } }
        warnings { path } variables { name type isDeclared isUsed isIncluded required } includes { name label number } characters } }
      ... on Error { code message } ... on InvalidInput { issues { path } } } }`,
    { input },
  );

describe('a preview', () => {
  it('is of a wording that is still being written, with what is wrong and the variables that it uses', async () => {
    const content = { template: 'Review {{language}}:\n{{#files}}{{.}}{{/files}}\n{{code', variables: [{ name: 'language' }] };
    const broken = await preview({ projectId, content });
    expect(broken.data).toMatchObject({
      messages: [],
      issues: [{ path: 'template', place: { line: 3, column: 1, excerpt: '{{code' } }],
      variables: [{ name: 'language', isDeclared: true }],
    });
    const undeclared = await preview({ projectId, content: { ...content, template: `${content.template}}}` } });
    expect(undeclared.data.issues.map(({ message }) => message)).toEqual([
      'Line 2, column 1: There is no variable "files". Declare it, or correct the name. Found at: {{#files}}{{.}}{{/files}}',
      'Line 3, column 1: There is no variable "code". Declare it, or correct the name. Found at: {{code}}',
    ]);
    expect(undeclared.data.variables.map(({ name, type, isDeclared }) => [name, type, isDeclared])).toEqual([
      ['language', 'STRING', true],
      ['files', 'LIST', false],
      ['code', 'STRING', false],
    ]);
  });

  it('shows what is missing where it belongs, and what is odd', async () => {
    const content = {
      systemPrompt: 'You know {{language}}.',
      template: 'Review {{code}}{{#strict}} strictly{{/strict}}.',
      variables: [
        { name: 'code' },
        { name: 'language', default: 'Go' },
        { name: 'strict', type: 'BOOLEAN', required: false },
        { name: 'unused', required: false },
      ],
      examples: [{ input: { code: 'a' }, output: 'Fine.' }],
    };
    const { data } = await preview({ projectId, content, variables: { strict: true } });
    expect(data).toMatchObject({
      system: 'You know Go.',
      messages: [
        { role: 'USER', content: 'Review a.' },
        { role: 'ASSISTANT', content: 'Fine.' },
        { role: 'USER', content: 'Review {{code}} strictly.' },
      ],
      issues: [{ path: 'variables.code', place: null }],
      warnings: [{ path: 'variables.3' }],
      characters: 51,
    });
    expect((await preview({ projectId, content, variables: { code: 'b' } })).data).toMatchObject({ issues: [], characters: 35 });
    expect((await preview({ projectId, content, variables: [1] })).data.issues).toMatchObject([{ path: 'variables' }]);
  });

  it('is of a prompt with what it includes, and of a wording in its place', async () => {
    await create('tone', { template: 'Be {{tone}}.', variables: [{ name: 'tone' }] });
    const { data: letter } = await create('letter', { template: '{{> tone}} Write about {{topic}}.', variables: [{ name: 'topic' }] });
    const { data } = await preview({ promptId: letter.id, variables: { topic: 'rain', tone: 'short' } });
    expect(data).toMatchObject({
      messages: [{ content: 'Be short. Write about rain.' }],
      issues: [],
      includes: [{ name: 'tone', label: null, number: 1 }],
      variables: [
        { name: 'topic', isIncluded: false },
        { name: 'tone', isIncluded: true, isUsed: true },
      ],
    });
    const circle = await preview({ promptId: letter.id, content: { template: '{{> letter}}' } });
    expect(circle.data.issues).toMatchObject([{ path: 'includes', message: expect.stringContaining('letter → letter') }]);
    expect((await preview({ promptId: letter.id, content: {} })).data.issues).toMatchObject([{ path: 'template' }]);
  });

  it('is refused for what is not there', async () => {
    expect(await preview({})).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'promptId' }] });
    expect(await preview({ projectId })).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'promptId' }] });
    expect(await preview({ promptId: projectId })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await preview({ versionId: 'UHJvbXB0VmVyc2lvbjp4' })).toMatchObject({ code: 'NOT_FOUND' });
    const { data } = await create('only', { template: 'only' });
    expect(await preview({ promptId: data.id, label: 'nowhere' })).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'label' }] });
  });
});

describe('a prompt that cannot be', () => {
  it.each([
    [{ template: 'a {{b' }, 'content.template'],
    [{ template: '{{b}}' }, 'content.template'],
    [{ template: 'a', variables: [{ name: 'a b' }] }, 'content.variables.0.name'],
    [{ template: '{{> nobody}}' }, 'content.includes'],
    [{ template: 'a', examples: [{ input: { b: 1 }, output: 'c' }] }, 'content.examples.0.input.b'],
  ])('is refused: %j', async (content, path) => {
    const { code, issues } = await create('wrong', content);
    expect({ code, paths: issues?.map((issue) => issue.path.replace(/^(content\.)?/, 'content.')) }).toEqual({
      code: 'INVALID_INPUT',
      paths: [path],
    });
  });
});

interface Found extends Refusal {
  data: { totalCount: number; pending: number; matches: { score: number; prompt: { name: string; tags: string[] } }[] };
}

const search = (variables: object): Promise<Found> =>
  ask(
    `query ($projectId: ID!, $text: String!, $by: PromptSearchKind, $filter: PromptSearchFilter, $first: Int) {
      searchPrompts(projectId: $projectId, text: $text, by: $by, filter: $filter, first: $first) {
        ... on SearchPromptsSuccess { data { totalCount pending matches { score prompt { name tags } } } }
        ... on Error { code message } ... on InvalidInput { issues { path } } } }`,
    { projectId, ...variables },
  );
const names = ({ data }: Found) => data.matches.map(({ prompt }) => prompt.name);

describe('ready-made prompts', () => {
  it('are listed, become prompts of the project, and are found there', async () => {
    const all = await ask<{ name: string; category: string; examples: { input: object }[] }[]>(
      '{ readyMadePrompts { name title description category useCase tags systemPrompt template temperature maxTokens variables { name type default required } examples { input output } } }',
      {},
    );
    expect(all.length).toBeGreaterThanOrEqual(12);
    const take = (input: object): Promise<Made> =>
      ask(
        `mutation ($input: CreatePromptFromReadyMadeInput!) { createPromptFromReadyMade(input: $input) {
          ... on CreatePromptFromReadyMadeSuccess { data { id name } } ... on Error { code message } ... on InvalidInput { issues { path } } } }`,
        { input },
      );
    for (const { name, examples } of all) {
      const { data } = await take({ projectId, readyMade: name });
      expect(data.name).toBe(name);
      expect((await preview({ promptId: data.id, variables: examples[0]?.input })).data.issues).toEqual([]);
    }
    expect(await take({ projectId, readyMade: 'code/review' })).toMatchObject({ code: 'CONFLICT' });
    expect((await take({ readyMade: 'code/review', name: 'our/review', model: 'a/b' })).data.name).toBe('our/review');
    expect(await take({ readyMade: 'walk' })).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'readyMade' }] });
  });
});

describe('the search', () => {
  it('finds by words, filtered, the best first', async () => {
    const found = await search({ text: 'revi' });
    expect(names(found).slice(0, 2).toSorted()).toEqual(['code/review', 'our/review']);
    expect(found.data.matches[0]?.prompt.tags).toEqual(['code', 'quality', 'review']);
    expect(names(await search({ text: 'revi', filter: { folder: 'our' } }))).toEqual(['our/review']);
    expect(names(await search({ text: 'code', filter: { category: 'testing', tags: ['testing'] } }))).toEqual(['code/tests']);
    expect(await search({ text: 'code', first: 2 })).toMatchObject({ data: { matches: { length: 2 }, pending: 0 } });
    for (const text of ['', '"', "'; --", '(', '😀', '*', ':*', '-code*^zzz', 'x'.repeat(10_000)])
      expect(await search({ text })).toMatchObject({ data: { totalCount: 0 } });
    expect(await search({ text: 'x'.repeat(10_001) })).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'text' }] });
    const { errors } = await studio.send('query ($id: ID!) { searchPrompts(projectId: $id, text: "a", first: 101) { __typename } }', {
      id: projectId,
    });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('finds by meaning once a model is chosen', async () => {
    expect(await search({ text: 'a', by: 'MEANING' })).toMatchObject({ code: 'CONFLICT' });
    const choose = (model: string | null): Promise<Refusal & { data: { embeddingModel: string | null } }> =>
      ask(
        `mutation ($input: SetEmbeddingModelInput!) { setEmbeddingModel(input: $input) {
          ... on SetEmbeddingModelSuccess { data { embeddingModel } } ... on Error { code message } ... on InvalidInput { issues { path } } } }`,
        { input: { projectId, model } },
      );
    expect(await choose(modelId('chat'))).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'model' }] });
    expect(await choose(modelId('words-embed'))).toEqual({ data: { embeddingModel: modelId('words-embed') } });
    const found = await search({ text: 'commit message for this diff', by: 'MEANING', first: 3 });
    expect(names(found)[0]).toBe('git/commit-message');
    expect(found.data).toMatchObject({ pending: 0, matches: { length: 3 } });
    expect(await choose(null)).toEqual({ data: { embeddingModel: null } });
  });
});
