import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
let project: string;

beforeAll(async () => {
  studio = await openStudio();
  const { data } = await studio.send<{ projects: Connection<{ id: string }> }>('{ projects { edges { node { id } } } }');
  project = data.projects.edges[0]?.node.id ?? '';
});
afterAll(() => studio.close());

interface Outcome<Data> {
  __typename: string;
  data: Data;
}

async function send<Data>(name: string, input: object, selection: string): Promise<Outcome<Data>> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { data ${selection} } ... on Error { code message ... on InvalidInput { issues { path message } } } } }`;
  const { data, errors } = await studio.send<Record<string, Outcome<Data>>>(document, { input });
  expect(errors).toEqual([]);
  const outcome = data[name];
  if (!outcome) throw new Error(`${name} answered nothing.`);
  return outcome;
}

/** Makes a change and gives what its success has; anything else fails the test. */
async function change<Data>(name: string, input: object, selection: string): Promise<Data> {
  const outcome = await send<Data>(name, input, selection);
  expect(outcome).toMatchObject({ __typename: `${name.charAt(0).toUpperCase()}${name.slice(1)}Success` });
  return outcome.data;
}

async function read<Data>(query: string, variables: object): Promise<Data> {
  const { data, errors } = await studio.send<Data>(query, variables);
  expect(errors).toEqual([]);
  return data;
}

interface Versioned {
  id: string;
  newestVersion: { id: string };
}

const make = (name: string, template: string, more: object = {}) =>
  change<Versioned>('createPrompt', { name, content: { template }, ...more }, '{ id newestVersion { id } }');

describe('the library of prompts over GraphQL', () => {
  it('takes a prompt from its draft to production and back', async () => {
    const content = {
      template: 'Review {{code}}.',
      systemPrompt: 'Be kind.',
      variables: [
        { name: 'code', type: 'STRING' },
        { name: 'rules', type: 'LIST', default: ['short'], required: false },
      ],
      examples: [{ input: { code: 'x' }, output: 'Fine.' }],
      model: 'claude/claude-sonnet-4-5',
    };
    const { id, newestVersion: first } = await change<Versioned>(
      'createPrompt',
      { name: 'code/review', content, category: 'review', tags: ['code'], label: 'production' },
      '{ id newestVersion { id } }',
    );
    const second = await change<{ id: string; number: number }>(
      'createPromptVersion',
      { promptId: id, content: { template: 'Review {{code}}.\nAll of it.', model: null, temperature: 0.5 }, notes: 'Longer' },
      '{ id number model variables { name type default required } createdBy { name } }',
    );
    expect(second).toMatchObject({
      number: 2,
      model: null,
      variables: [
        { name: 'code', type: 'STRING', default: null, required: true },
        { name: 'rules', type: 'LIST', default: ['short'], required: false },
      ],
      createdBy: { name: expect.any(String) },
    });
    await change('deployPromptVersion', { versionId: second.id, label: 'production', notes: 'It is better.' }, '{ id }');
    const labels =
      '{ labels { name version { number } } labelChanges { totalCount edges { node { label fromNumber toNumber isRollBack notes user { id } } } } }';
    expect(await change('rollBackPromptLabel', { promptId: id, label: 'production' }, labels)).toMatchObject({
      labels: [{ name: 'production', version: { number: 1 } }],
      labelChanges: {
        totalCount: 3,
        edges: [
          { node: { fromNumber: 2, toNumber: 1, isRollBack: true } },
          { node: { fromNumber: 1, toNumber: 2, notes: 'It is better.', user: { id: expect.any(String) } } },
          { node: { fromNumber: null, toNumber: 1 } },
        ],
      },
    });
    const compared = await read(
      `query ($fromId: ID!, $toId: ID!) { comparePromptVersions(fromId: $fromId, toId: $toId) {
        fields { field from to } systemPrompt { text } template { change text fromLine toLine } variables { name } areVariablesReordered examples { place } } }`,
      { fromId: first.id, toId: second.id },
    );
    expect(compared).toEqual({
      comparePromptVersions: {
        fields: [
          { field: 'model', from: 'claude/claude-sonnet-4-5', to: null },
          { field: 'temperature', from: 0, to: 0.5 },
        ],
        systemPrompt: [],
        template: [
          { change: 'SAME', text: 'Review {{code}}.', fromLine: 1, toLine: 1 },
          { change: 'ADDED', text: 'All of it.', fromLine: null, toLine: 2 },
        ],
        ...{ variables: [], areVariablesReordered: false, examples: [] },
      },
    });
    const found = 'query ($id: ID!, $label: String) { promptVersion(promptId: $id, label: $label) { number labels contentHash } }';
    expect(await read(found, { id, label: 'production' })).toMatchObject({ promptVersion: { number: 1, labels: ['production'] } });
    expect(await read(found, { id })).toMatchObject({ promptVersion: { number: 2, labels: [] } });
    expect(await change('protectPromptLabel', { label: 'production' }, '')).toEqual(['production']);
    expect(
      await read(
        'query ($id: ID!) { node(id: $id) { ... on Project { protectedPromptLabels promptTags { name prompts } promptCategories { name } } } }',
        { id: project },
      ),
    ).toEqual({
      node: { protectedPromptLabels: ['production'], promptTags: [{ name: 'code', prompts: 1 }], promptCategories: [{ name: 'review' }] },
    });
    expect(await change('unprotectPromptLabel', { label: 'production' }, '')).toEqual([]);
  });

  it('lists prompts by folder, category, tags, label, model, words and name', async () => {
    await make('lists/a', 'Zugvogel', { category: 'lists', tags: ['x', 'y'], label: 'lists' });
    await make('lists/b/c', 'Other', { tags: ['x'], content: { template: 'Other', model: 'b/two' } });
    const list = async (filter: object, orderBy = { field: 'NAME', direction: 'ASC' }) => {
      const query =
        'query ($filter: PromptFilter, $orderBy: PromptOrder) { prompts(filter: $filter, orderBy: $orderBy, first: 10) { totalCount edges { node { name } } } }';
      const { prompts } = await read<{ prompts: Connection<{ name: string }> }>(query, {
        filter: { projectId: project, ...filter },
        orderBy,
      });
      expect(prompts.totalCount).toBe(prompts.edges.length);
      return prompts.edges.map(({ node }) => node.name);
    };
    expect(await list({ folder: 'lists' })).toEqual(['lists/a', 'lists/b/c']);
    expect(await list({ folder: '/lists/' }, { field: 'UPDATED_AT', direction: 'DESC' })).toEqual(['lists/b/c', 'lists/a']);
    expect(await list({ folder: 'lists/b' })).toEqual(['lists/b/c']);
    expect(await list({ tags: ['x', 'y'] })).toEqual(['lists/a']);
    expect(await list({ category: 'lists' })).toEqual(['lists/a']);
    expect(await list({ label: 'lists' })).toEqual(['lists/a']);
    expect(await list({ model: 'b/two' })).toEqual(['lists/b/c']);
    expect(await list({ search: 'zugv' })).toEqual(['lists/a']);
    expect(await list({ search: 'nothing like it' })).toEqual([]);
    const all = 'query ($filter: PromptFilter) { prompts(filter: $filter) { totalCount edges { node { name } } } }';
    for (const filter of [
      { category: '\0' },
      { folder: '\0' },
      { label: '\0' },
      { model: '\0' },
      { tags: ['\0'] },
      { tags: Array.from({ length: 21 }, (_, index) => `tag ${index}`) },
    ]) {
      const { errors } = await studio.send(all, { filter });
      expect(errors).toMatchObject([{ message: expect.stringMatching(/^filter\.\w+: |^No prompt has more than 20 tags/) }]);
    }
    const named = 'query ($projectId: ID!, $name: String!) { prompt(projectId: $projectId, name: $name) { name } }';
    expect(await read(named, { projectId: project, name: 'lists/a' })).toEqual({ prompt: { name: 'lists/a' } });
    expect(await read(named, { projectId: project, name: 'nothing' })).toEqual({ prompt: null });
  });

  it('says what is wrong, and where', async () => {
    const { id } = await make('wrong', 'Hello');
    expect(await send('createPrompt', { name: 'wrong', content: { template: 'x' } }, '{ id }')).toMatchObject({
      __typename: 'Conflict',
      message: 'There is a prompt named "wrong" in this project already. Choose another name.',
    });
    expect(await send('createPrompt', { name: 'none', content: {} }, '{ id }')).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: 'template' }],
    });
    expect(await send('createPromptVersion', { promptId: id, content: { template: '{{#a}}' } }, '{ id }')).toMatchObject({
      issues: [{ path: 'template', message: expect.stringContaining('Line 1, column 1') }],
    });
    expect(await send('createPromptVersion', { promptId: id, content: { template: 'Hello' } }, '{ id }')).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('Version 1 of "wrong"'),
    });
    expect(await send('deployPromptVersion', { versionId: 'nothing', label: 'x' }, '{ id }')).toMatchObject({ __typename: 'NotFound' });
    expect(await send('updatePrompt', { promptId: id, category: 'two words' }, '{ id }')).toMatchObject({ issues: [{ path: 'category' }] });
    expect(await change('updatePrompt', { promptId: id, tags: ['later'] }, '{ tags }')).toEqual({ tags: ['later'] });
    expect(await change('deletePrompt', { promptId: id }, '')).toBe(id);
    expect(await read('query ($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
  });

  it('goes out as a text and comes in again', async () => {
    const { id } = await make('travels', 'Far\naway', { tags: ['t'], label: 'staging' });
    const query =
      'query ($projectId: ID!, $promptIds: [ID!]) { exportPrompts(projectId: $projectId, promptIds: $promptIds) { fileName mediaType text prompts versions } }';
    const { exportPrompts } = await read<{ exportPrompts: { text: string } }>(query, { projectId: project, promptIds: [id] });
    expect(exportPrompts).toMatchObject({ fileName: 'prompts.yaml', mediaType: 'application/yaml', prompts: 1, versions: 1 });
    const { text } = exportPrompts;
    const bring = (input: object) =>
      send('importPrompts', { text, format: 'YAML', ...input }, '{ created { name labels { name } } updated { name } skipped versions }');
    expect(await bring({})).toMatchObject({ __typename: 'Conflict', message: expect.stringContaining('"travels"') });
    expect(await bring({ existing: 'SKIP' })).toMatchObject({ data: { created: [], updated: [], skipped: ['travels'], versions: 0 } });
    expect(await bring({ text: text.replace('Far', 'Further'), existing: 'NEW_VERSION' })).toMatchObject({
      data: { updated: [{ name: 'travels' }], versions: 1 },
    });
    await change('deletePrompt', { promptId: id }, '');
    expect(await bring({})).toMatchObject({ data: { created: [{ name: 'travels', labels: [{ name: 'staging' }] }], versions: 1 } });
    expect(await bring({ text: text.replace('travels', 'Not A Name') })).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: 'prompts.0.name', message: expect.stringMatching(/^Line 4 of the file: /) }],
    });
  });
});

describe('A/B tests and feedback over GraphQL', () => {
  it('tell how the variants stand, and promote the winner', async () => {
    const { id, newestVersion } = await make('tested', 'Old');
    const { id: secondId } = await change<{ id: string }>('createPromptVersion', { promptId: id, content: { template: 'New' } }, '{ id }');
    const { id: abTestId, variants } = await change<{ id: string; variants: { id: string; name: string }[] }>(
      'createAbTest',
      {
        ...{ promptId: id, name: 'Which one', metric: 'SUCCESS' },
        variants: [
          { name: 'old', promptVersionId: newestVersion.id },
          { name: 'new', promptVersionId: secondId, weight: 2 },
        ],
      },
      '{ id state alpha variants { id name weight model promptVersion { number } } }',
    );
    const chosen = await read<{ node: { variantFor: { id: string } } }>(
      'query ($id: ID!) { node(id: $id) { ... on AbTest { variantFor(subjectId: "ada") { id } } } }',
      { id: abTestId },
    );
    expect(variants.map((variant) => variant.id)).toContain(chosen.node.variantFor.id);
    expect(variants).toMatchObject([
      { name: 'old', weight: 1 },
      { name: 'new', weight: 2, promptVersion: { number: 2 } },
    ]);
    expect(await send('promoteAbTestWinner', { abTestId, label: 'production' }, '{ id }')).toMatchObject({ __typename: 'Conflict' });
    const database = (globalId: string) => Buffer.from(globalId, 'base64').toString().split(':')[1] ?? '';
    const executions = Array.from({ length: 160 }, (_, index) => ({
      ...{ id: `tested${index}`, projectId: database(project), promptId: database(id), model: 'a/one', parameters: {} },
      ...{ abTestId: database(abTestId), abVariantId: variants[index % 2]?.id, subjectId: `user ${index}`, finishedAt: new Date() },
      promptVersionId: database(index % 2 === 0 ? newestVersion.id : secondId),
      state: index % 2 === 1 || index % 4 === 0 ? ('SUCCEEDED' as const) : ('FAILED' as const),
    }));
    await studio.studio.prisma.execution.createMany({ data: executions });
    const standing = `standing { isSignificant leaderId method variants {
      variant { name } executions values subjects mean interval { low high } difference { value pValue isSignificant isBetter interval { low high } } } }`;
    expect(await read(`query ($id: ID!) { node(id: $id) { ... on AbTest { ${standing} } } }`, { id: abTestId })).toMatchObject({
      node: {
        standing: {
          ...{ isSignificant: true, leaderId: variants[1]?.id, method: expect.stringContaining('look as often as you like') },
          variants: [
            { variant: { name: 'old' }, executions: 80, mean: 0.5, difference: null },
            { variant: { name: 'new' }, mean: 1, difference: { value: 0.5, isSignificant: true, isBetter: true } },
          ],
        },
      },
    });
    const promoted = await change(
      'promoteAbTestWinner',
      { abTestId, label: 'production' },
      '{ variantFor(subjectId: "ada") { name } state winner { name } prompt { labels { name version { number } } abTests(state: STOPPED) { totalCount } } }',
    );
    expect(promoted).toEqual({
      variantFor: null,
      state: 'STOPPED',
      winner: { name: 'new' },
      prompt: { labels: [{ name: 'production', version: { number: 2 } }], abTests: { totalCount: 1 } },
    });
    const executionId = Buffer.from('Execution:tested1').toString('base64');
    await change('giveFeedback', { executionId, rating: 1 }, '{ id }');
    const given = await change<{ id: string }>(
      'giveFeedback',
      { executionId, rating: 5, text: 'Good' },
      '{ id rating text user { name } execution { id feedback { totalCount } } }',
    );
    expect(given).toMatchObject({
      ...{ rating: 5, text: 'Good', user: { name: expect.any(String) } },
      execution: { id: executionId, feedback: { totalCount: 1 } },
    });
    expect(await send('giveFeedback', { executionId, rating: 6 }, '{ id }')).toMatchObject({ issues: [{ path: 'rating' }] });
    expect(
      await read('query ($filter: FeedbackFilter) { feedback(filter: $filter) { totalCount edges { node { rating } } } }', {
        filter: { promptId: id, ratings: [4, 5], hasText: true },
      }),
    ).toEqual({ feedback: { totalCount: 1, edges: [{ node: { rating: 5 } }] } });
    const boards = `query ($id: ID!, $promptId: ID!) {
      promptLeaderboard(projectId: $id) { prompt { name } executions ratings meanRating shrunkRating successRate }
      promptVersionLeaderboard(projectId: $id, promptId: $promptId, orderBy: SUCCESS, first: 5) { promptVersion { number } succeeded failed successRate } }`;
    expect(await read(boards, { id: project, promptId: id })).toEqual({
      promptLeaderboard: [{ prompt: { name: 'tested' }, executions: 160, ratings: 1, meanRating: 5, shrunkRating: 5, successRate: 0.75 }],
      promptVersionLeaderboard: [
        { promptVersion: { number: 2 }, succeeded: 80, failed: 0, successRate: 1 },
        { promptVersion: { number: 1 }, succeeded: 40, failed: 40, successRate: 0.5 },
      ],
    });
    await change('deleteFeedback', { feedbackId: given.id }, '');
    await change('deleteAbTest', { abTestId }, '');
    expect(await studio.studio.prisma.execution.count({ where: { promptId: database(id) } })).toBe(160);
  });
});
