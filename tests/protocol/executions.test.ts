import { setTimeout as pause } from 'node:timers/promises';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import type { Viewer } from '@anneal/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Behaviour, ProviderServer } from '@anneal/plugins/testing';
import type { Result } from './people.ts';
import { connectProvider, modelId } from './provider.ts';
import { type Connection, openStudio, type TestStudio } from './test-studio.ts';

const words = Array.from({ length: 40 }, (_, index) => `word${index}😀 `);
const story = words.join('');

const models: Record<string, Behaviour> = {
  small: 'Hello there.',
  story: { text: words, pieceDelayMilliseconds: 10 },
  // Breaks off on the way, and is whole the second time.
  shaky: ({ attempt }) =>
    attempt % 2 === 1 ? { text: ['one ', 'two ', 'three '], failure: { type: 'cut', afterPieces: 2 } } : { text: 'all of it' },
  busy: ({ attempt }) => (attempt === 1 ? { failure: { type: 'rateLimited', retryAfterSeconds: 0.1 } } : 'after a while'),
  mute: { failure: 'neverAnswers' },
  halting: { text: ['A piece. '], failure: { type: 'stalls', afterPieces: 1 } },
  unauthorized: { failure: 'unauthorized' },
  forbidden: { failure: 'forbidden' },
  quota: { failure: 'quota' },
  contextTooLong: { failure: 'contextTooLong' },
  invalidSetting: { failure: 'invalidSetting' },
  overloaded: { failure: 'overloaded' },
  malformedJson: { failure: 'malformedJson' },
};

let studio: TestStudio;
let provider: ProviderServer;
let promptId: string;
let versionId: string;
beforeAll(async () => {
  studio = await openStudio();
  provider = await connectProvider(studio, models);
  const content = {
    ...{ template: 'Say {{word}}.', systemPrompt: 'Be brief.', model: modelId('small') },
    variables: [{ name: 'word', type: 'STRING' }],
  };
  const { data, errors } = await studio.send<{ createPrompt: Result<{ id: string; newestVersion: { id: string } }> }>(
    `mutation ($input: CreatePromptInput!) { createPrompt(input: $input) {
      ... on Error { message } ... on CreatePromptSuccess { data { id newestVersion { id } } } } }`,
    { input: { name: 'greeting', content, label: 'production' } },
  );
  if (errors[0]) throw new Error(errors[0].message);
  ({ id: promptId } = data.createPrompt.data);
  versionId = data.createPrompt.data.newestVersion.id;
});
afterAll(async () => {
  await studio.close();
  await provider.close();
});

interface Execution {
  id: string;
  state: string;
  output: string | null;
  attempts: number;
  isCached: boolean;
  costUsd: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  milliseconds: number | null;
  label: string | null;
  model: string | null;
  systemPrompt: string | null;
  messages: unknown;
  variables: unknown;
  sessionId: string | null;
  promptVersion: { id: string } | null;
  error: { code: string; message: string; issues: { path: string; message: string }[] } | null;
}

const fields = `id state output attempts isCached costUsd inputTokens outputTokens milliseconds label model systemPrompt messages variables
  sessionId promptVersion { id } error { code message issues { path message } }`;

async function change(name: string, input: object): Promise<Result<Execution>> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const { data, errors } = await studio.send<Record<string, Result<Execution>> | null>(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename
      ... on Error { message code } ${name === 'cancelExecution' ? '' : '... on InvalidInput { issues { path message } }'} ... on ${type}Success { data { ${fields} } } } }`,
    { input },
  );
  const result = data?.[name];
  if (!result) throw new Error(errors[0]?.message);
  return result;
}

const execute = (input: object) => change('executePrompt', { promptId, variables: { word: 'hello' }, ...input });

async function executed(input: object): Promise<Execution> {
  const result = await execute(input);
  expect(result).toMatchObject({ __typename: 'ExecutePromptSuccess' });
  return result.data;
}

interface Message {
  cursor: string;
  attempt: number;
  text: string;
  execution: Execution | null;
}

const streamDocument = `subscription ($id: ID!, $after: String) { executionStream(id: $id, after: $after) { cursor attempt text execution { ${fields} } } }`;
type Read = (id: string, after?: string, most?: number) => Promise<Message[]>;

async function collect(results: AsyncIterable<{ data?: unknown }>, most = Infinity): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const { data } of results) {
    const { executionStream } = data as { executionStream: Message };
    if (messages.push(executionStream) >= most) break;
  }
  return messages;
}

const overSocket: Read = async (id, after, most) => {
  const client = createSocketClient({ url: `${studio.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    return await collect(client.iterate({ query: streamDocument, variables: { id, after } }), most);
  } finally {
    await client.dispose();
  }
};

const overEvents: Read = async (id, after, most) => {
  const client = createSseClient({ url: `${studio.url}/graphql`, retryAttempts: 0 });
  try {
    return await collect(client.iterate({ query: streamDocument, variables: { id, after } }), most);
  } finally {
    client.dispose();
  }
};

const databaseId = (id: string): string => Buffer.from(id, 'base64').toString().split(':')[1] ?? '';

async function list(filter: object, orderBy?: object): Promise<Connection<Execution>> {
  const { data, errors } = await studio.send<{ executions: Connection<Execution> }>(
    `query ($filter: ExecutionFilter, $orderBy: ExecutionOrder) { executions(filter: $filter, orderBy: $orderBy, first: 100) { totalCount edges { node { ${fields} } } } }`,
    { filter, orderBy },
  );
  if (errors[0]) throw new Error(errors[0].message);
  return data.executions;
}

/** The end of an execution. */
async function ended(id: string): Promise<Execution> {
  const last = (await overEvents(id)).at(-1)?.execution;
  if (!last) throw new Error('the stream has no end');
  return last;
}

/** What a reader of these messages has at the end. */
function textOf(messages: readonly Message[]): string {
  let [attempt, text] = [0, ''];
  for (const message of messages) {
    if (message.attempt > attempt) [attempt, text] = [message.attempt, ''];
    text += message.text;
  }
  return text;
}

describe('an execution', () => {
  it('is recorded with everything that was sent and what came of it', async () => {
    const { id, state } = await executed({ sessionId: 'visit 7', settings: { cache: 'BYPASS' } });
    expect(['RUNNING', 'SUCCEEDED']).toContain(state);
    expect(await ended(id)).toMatchObject({
      ...{ state: 'SUCCEEDED', output: 'Hello there.', attempts: 1, isCached: false, inputTokens: 4, outputTokens: 2, costUsd: null },
      ...{ label: 'production', promptVersion: { id: versionId }, model: modelId('small'), sessionId: 'visit 7', error: null },
      ...{ systemPrompt: 'Be brief.', messages: [{ role: 'user', content: 'Say hello.' }], variables: { word: 'hello' } },
    });
    const { body } = provider.requests.at(-1)!;
    expect(body).toMatchObject({ model: 'small', temperature: 0, messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }] });
  });

  it('of a wording that is stored nowhere takes its own model and parameters', async () => {
    const content = {
      template: 'Is {{number}} odd?',
      variables: [{ name: 'number', type: 'NUMBER' }],
      model: modelId('small'),
      temperature: 0.5,
    };
    const result = await change('executeWording', { content, variables: { number: 3 } });
    expect(await ended(result.data.id)).toMatchObject({ state: 'SUCCEEDED', messages: [{ content: 'Is 3 odd?' }], promptVersion: null });
    expect(provider.requests.at(-1)!.body).toMatchObject({ temperature: 0.5 });
  });

  it('answers from the output cache at once, and says what that saved', async () => {
    const variables = { word: 'cached' };
    await ended((await executed({ variables })).id);
    const asked = provider.requests.length;
    const again = await executed({ variables });
    expect(again).toMatchObject({ state: 'SUCCEEDED', isCached: true, output: 'Hello there.', attempts: 0, costUsd: 0 });
    expect(provider.requests.length).toBe(asked);
    expect(await overSocket(again.id)).toMatchObject([
      { attempt: 0, text: 'Hello there.' },
      { text: '', execution: { id: again.id } },
    ]);
  });

  it('is asked again after an error that passes, and tells that the text begins anew', async () => {
    const { id } = await executed({ settings: { model: modelId('shaky') } });
    const messages = await overSocket(id);
    expect(textOf(messages)).toBe('all of it');
    expect(messages.at(-1)?.execution).toMatchObject({ state: 'SUCCEEDED', output: 'all of it', attempts: 2 });
    const busy = await executed({ settings: { model: modelId('busy') } });
    expect(await ended(busy.id)).toMatchObject({ state: 'SUCCEEDED', output: 'after a while', attempts: 2 });
  });

  it('keeps what came of the last attempt when it is given up', async () => {
    const { id } = await executed({ variables: { word: 'x' }, settings: { model: modelId('shaky'), maxAttempts: 1 } });
    const end = await ended(id);
    expect(end).toMatchObject({ state: 'FAILED', output: 'one two ', attempts: 1, error: { code: 'CUT_STREAM' } });
  });

  it('ends at its time limit', async () => {
    const { id } = await executed({ settings: { model: modelId('mute'), timeLimitSeconds: 0.3 } });
    expect(await ended(id)).toMatchObject({
      state: 'FAILED',
      error: { code: 'TIME_LIMIT', message: expect.stringContaining('timeLimitSeconds') },
    });
  });

  it('that is cancelled stops the provider, keeps what came, and cannot be cancelled again', async () => {
    const { id } = await executed({ settings: { model: modelId('story') } });
    await overSocket(id, undefined, 2);
    const { closed } = provider.requests.at(-1)!;
    const result = await change('cancelExecution', { executionId: id });
    expect(result.data).toMatchObject({ state: 'CANCELLED' });
    expect(await closed).toBe('aborted');
    const { output, state } = await ended(id);
    expect(state).toBe('CANCELLED');
    expect(story.startsWith(output ?? '-')).toBe(true);
    expect(output?.length).toBeLessThan(story.length);
    expect(await change('cancelExecution', { executionId: id })).toMatchObject({ __typename: 'Conflict' });
  });

  it('that is cancelled while its model says nothing ends for those who follow it', async () => {
    const { id } = await executed({ settings: { model: modelId('halting') } });
    const reading = overSocket(id);
    const row = () => studio.studio.prisma.execution.findUnique({ where: { id: databaseId(id) } });
    await vi.waitFor(async () => expect((await row())?.output).toBe('A piece. '));
    // Longer than readers gather what comes.
    await pause(150);
    await change('cancelExecution', { executionId: id });
    const messages = await reading;
    expect(textOf(messages)).toBe('A piece. ');
    expect(messages.at(-1)?.execution).toMatchObject({ state: 'CANCELLED' });
  });

  it('that fails is not asked for again by those who asked the same meanwhile', async () => {
    const input = { variables: { word: 'together' }, settings: { model: modelId('overloaded'), maxAttempts: 2 } };
    const before = provider.requests.length;
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await executed(input)).id));
    for (const { state, error } of await Promise.all(ids.map(ended))) expect([state, error?.code]).toEqual(['FAILED', 'OVERLOADED']);
    expect(provider.requests.length - before).toBe(2);
  });
});

describe.each([
  ['graphql-ws', overSocket],
  ['graphql-sse', overEvents],
])('the stream to a %s client', (_name, read) => {
  it('goes on by cursor after a break, without gap or duplicate, and gives all of one that has ended', async () => {
    const { id } = await executed({ settings: { model: modelId('story'), cache: 'BYPASS' } });
    const first = await read(id, undefined, 2);
    const second = await read(id, first.at(-1)?.cursor, 1);
    const rest = await read(id, second.at(-1)?.cursor);
    expect([...first, ...second, ...rest].map(({ text }) => text).join('')).toBe(story);
    expect(rest.at(-1)?.execution).toMatchObject({ id, state: 'SUCCEEDED', output: story });
    expect(textOf(await read(id))).toBe(story);
    expect(await read(id, rest.at(-1)?.cursor)).toEqual([]);
  });
});

it('a stream of events goes on behind Last-Event-ID', async () => {
  const { id } = await executed({ settings: { model: modelId('story'), cache: 'BYPASS' } });
  const [first] = await overEvents(id, undefined, 1);
  const response = await fetch(`${studio.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'last-event-id': first!.cursor },
    body: JSON.stringify({ query: streamDocument, variables: { id } }),
  });
  const events = (await response.text()).matchAll(/^data: (\{.*\})$/gm);
  const texts = [...events].map(([, json = '']) => (JSON.parse(json) as { data: { executionStream: Message } }).data.executionStream.text);
  expect(first!.text + texts.join('')).toBe(story);
});

describe('what cannot be executed', () => {
  const failures = async () => {
    const { data } = await studio.send<{ executions: Connection<Execution> }>(
      `{ executions(filter: { states: [FAILED] }, first: 1) { totalCount edges { node { ${fields} } } } }`,
    );
    return { count: data.executions.totalCount, newest: data.executions.edges[0]?.node };
  };

  it.each([
    ['a variable that is missing', { variables: {} }, 'variables.word', 'VARIABLES_INVALID'],
    ['one that there is not', { variables: { word: 'a', wrod: 'b' } }, 'variables.wrod', 'VARIABLES_INVALID'],
    ['one of the wrong type', { variables: { word: 7 } }, 'variables.word', 'VARIABLES_INVALID'],
    ['variables that are no object', { variables: 'word' }, 'variables', 'VARIABLES_INVALID'],
    ['what is no text', { variables: { word: 'a\u0000' } }, 'variables.word', 'VARIABLES_INVALID'],
    ['a label that there is not', { label: 'nowhere' }, 'label', 'INVALID_INPUT'],
  ])('%s is told with its place, and recorded', async (_what, input, path, code) => {
    const { count } = await failures();
    const result = await execute(input);
    expect(result).toMatchObject({ __typename: 'InvalidInput', issues: [{ path }] });
    const after = await failures();
    expect(after.count).toBe(count + 1);
    expect(after.newest).toMatchObject({ error: { code, message: result.message, issues: [{ path }] }, attempts: 0 });
  });

  it('more than there may be is told, and recorded without the texts', async () => {
    const { count } = await failures();
    const viewer = await studio.studio.identity.viewerOf({ address: '127.0.0.1' });
    const long = studio.studio.executions.execute(viewer!, { promptId: databaseId(promptId), variables: { word: 'x'.repeat(1_000_001) } });
    await expect(long).rejects.toThrow(/The variables have 1,000,0\d\d characters together; at most 1,000,000/);
    expect(await failures()).toMatchObject({ count: count + 1, newest: { error: { code: 'TOO_LARGE' }, variables: null } });
  });

  it.each([
    [{ settings: { temperature: 3 } }, 'temperature'],
    [{ settings: { timeLimitSeconds: 601 } }, 'timeLimitSeconds'],
    [{ settings: { maxAttempts: 0 } }, 'maxAttempts'],
    [{ sessionId: 'a\0' }, 'sessionId'],
    [{ subjectId: 'a\0' }, 'subjectId'],
    [{ label: 'a\0' }, 'label'],
    [{ settings: { model: 'a/b\0' } }, 'model'],
    [{ settings: { stop: ['.', '\0'] } }, 'stop.1'],
    [{ versionId: 'both' }, 'promptId'],
  ])('%j is refused', async (input, path) => {
    const given = 'versionId' in input ? { versionId } : input;
    expect(await execute(given)).toMatchObject({ __typename: 'InvalidInput', issues: [{ path }] });
  });

  it('a prompt that there is not is not found', async () => {
    expect(await execute({ promptId: Buffer.from('Prompt:nothing').toString('base64') })).toMatchObject({ __typename: 'NotFound' });
  });

  it.each([
    ['nothing', 'MODEL_NOT_FOUND'],
    ['unauthorized', 'AUTHENTICATION'],
    ['forbidden', 'PERMISSION'],
    ['quota', 'QUOTA'],
    ['contextTooLong', 'CONTEXT_TOO_LONG'],
    ['invalidSetting', 'INVALID_REQUEST'],
    ['overloaded', 'OVERLOADED'],
    ['malformedJson', 'MALFORMED_REPLY'],
  ])('what the provider says of %s is recorded as %s', async (model, code) => {
    const { id } = await executed({ settings: { model: modelId(model), maxAttempts: 1 } });
    const { state, error } = await ended(id);
    expect({ state, code: error?.code }).toEqual({ state: 'FAILED', code });
    expect(error?.message.length).toBeGreaterThan(20);
  });
});

describe('an A/B test', () => {
  it('gives a subject the same variant every time, and is recorded', async () => {
    const variants = [
      { name: 'small', promptVersionId: versionId, model: modelId('small') },
      { name: 'busy', promptVersionId: versionId, model: modelId('busy') },
    ];
    const { data } = await studio.send<{ createAbTest: Result<{ id: string }> }>(
      'mutation ($input: CreateAbTestInput!) { createAbTest(input: $input) { ... on Error { message } ... on CreateAbTestSuccess { data { id } } } }',
      { input: { promptId, name: 'models', metric: 'LATENCY', variants } },
    );
    const abTestId = data.createAbTest.data.id;
    const asked = async (subjectId: string): Promise<string | null> => {
      const { id } = await executed({ promptId: undefined, abTestId, subjectId });
      return (await ended(id)).model;
    };
    const subjects = Array.from({ length: 12 }, (_, index) => `subject ${index}`);
    const [first, again] = [await Promise.all(subjects.map(asked)), await Promise.all(subjects.map(asked))];
    expect(again).toEqual(first);
    expect(new Set(first)).toEqual(new Set([modelId('small'), modelId('busy')]));
    const { totalCount } = await list({ abTestId });
    expect(totalCount).toBe(24);
    expect(await execute({ promptId: undefined, abTestId })).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'subjectId' }] });
  });
});

describe('an API key that may only execute', () => {
  it('follows what it has executed itself, and nothing else', async () => {
    const { executions, identity } = studio.studio;
    const person = await identity.viewerOf({ address: '127.0.0.1' });
    if (!person) throw new Error('the studio has accounts');
    const key: Viewer = { ...person, credential: { kind: 'apiKey', apiKeyId: 'key' }, scopes: new Set(['execute']) };
    const own = await executions.execute(key, { promptId: databaseId(promptId), variables: { word: 'key' } });
    const other = await executions.execute(person, { promptId: databaseId(promptId), variables: { word: 'person' } });
    await expect(executions.checkFollower(key, own.id)).resolves.toBeUndefined();
    await expect(executions.checkFollower(key, other.id)).rejects.toThrow('it lacks the scope "read"');
    await expect(executions.checkFollower({ ...key, roles: new Map() }, own.id)).rejects.toThrow('There is no execution');
    await expect(executions.cancel(key, other.id)).rejects.toThrow('it lacks the scope "read"');
    await expect(executions.retry(key, { executionId: other.id })).rejects.toThrow('it lacks the scope "read"');
    await ended(Buffer.from(`Execution:${own.id}`).toString('base64'));
    await expect(executions.retry(key, { executionId: own.id })).resolves.toHaveProperty('id');
    await expect(executions.checkFollower(null, own.id)).rejects.toThrow('somebody who is logged in');
  });
});

describe('asking again', () => {
  /** A prompt that names no model. @returns its version */
  async function modelless(name: string): Promise<string> {
    const content = { template: 'Say {{word}}.', variables: [{ name: 'word', type: 'STRING' }] };
    await studio.send('mutation ($input: CreatePromptInput!) { createPrompt(input: $input) { __typename } }', { input: { name, content } });
    return (await studio.studio.prisma.promptVersion.findFirstOrThrow({ where: { prompt: { name } } })).id;
  }

  it('sends the very same, or the variables with another version or model', async () => {
    const { id } = await executed({ variables: { word: 'again' }, settings: { cache: 'BYPASS' } });
    await ended(id);
    const same = await change('retryExecution', { executionId: id });
    expect(await ended(same.data.id)).toMatchObject({ messages: [{ content: 'Say again.' }], label: 'production', state: 'SUCCEEDED' });
    const { data } = await studio.send<{ createPromptVersion: Result<{ id: string }> }>(
      'mutation ($input: CreatePromptVersionInput!) { createPromptVersion(input: $input) { ... on CreatePromptVersionSuccess { data { id } } } }',
      { input: { promptId, content: { template: 'Shout {{word}}!' } } },
    );
    const other = await change('retryExecution', { executionId: id, versionId: data.createPromptVersion.data.id, model: modelId('busy') });
    expect(await ended(other.data.id)).toMatchObject({
      messages: [{ content: 'Shout again!' }],
      model: modelId('busy'),
      output: 'after a while',
    });
  });

  it('asks the model, unless the cache is wanted', async () => {
    const { id } = await executed({ variables: { word: 'kept' } });
    await ended(id);
    const again = await change('retryExecution', { executionId: id });
    expect(await ended(again.data.id)).toMatchObject({ state: 'SUCCEEDED', isCached: false });
    const kept = await change('retryExecution', { executionId: id, cache: 'DEFAULT' });
    expect(await ended(kept.data.id)).toMatchObject({ state: 'SUCCEEDED', isCached: true });
  });

  it('keeps how it was to be asked when it could not be sent the first time', async () => {
    const { prisma, executions, identity } = studio.studio;
    const viewer = await identity.viewerOf({ address: '127.0.0.1' });
    if (!viewer) throw new Error('the studio has accounts');
    const version = await modelless('modelless');
    const given = { versionId: version, variables: { word: 'later' }, temperature: 0.4, stop: ['!!'], seed: 7 };
    await expect(executions.execute(viewer, given)).rejects.toThrow('No model is named');
    const { id: failed } = await prisma.execution.findFirstOrThrow({ where: { model: '', promptVersionId: version } });
    const executionId = Buffer.from(`Execution:${failed}`).toString('base64');
    const result = await change('retryExecution', { executionId, model: modelId('small') });
    expect(await ended(result.data.id)).toMatchObject({ state: 'SUCCEEDED' });
    expect(provider.requests.at(-1)!.body).toMatchObject({ temperature: 0.4, stop: ['!!'], seed: 7 });
  });

  it('takes no version of another project', async () => {
    const { prisma } = studio.studio;
    const { id } = await executed({ variables: { word: 'mine' } });
    await ended(id);
    await prisma.project.create({ data: { id: 'other', name: 'Other' } });
    await prisma.prompt.create({ data: { id: 'theirs', projectId: 'other', name: 'theirs' } });
    const version = await modelless('moved');
    await prisma.promptVersion.update({ where: { id: version }, data: { promptId: 'theirs' } });
    const versionId = Buffer.from(`PromptVersion:${version}`).toString('base64');
    const result = await change('retryExecution', { executionId: id, versionId });
    expect(result).toMatchObject({ __typename: 'NotFound', message: expect.stringContaining('in the project of the execution') });
  });

  it('waits for the end of the first time', async () => {
    const { id } = await executed({ settings: { model: modelId('story'), cache: 'BYPASS' } });
    expect(await change('retryExecution', { executionId: id })).toMatchObject({ __typename: 'Conflict' });
    await change('cancelExecution', { executionId: id });
  });
});

describe('the list', () => {
  it('is not looked through for what no text is', async () => {
    for (const field of ['model', 'errorCode', 'sessionId', 'subjectId'])
      await expect(list({ [field]: 'a\0' })).rejects.toThrow(`${field}: There is a character that is no text`);
  });

  it('can be narrowed and ordered', async () => {
    const { id } = await executed({ variables: { word: 'listed' }, sessionId: 'session 9', settings: { model: modelId('busy') } });
    await ended(id);
    const ids = async (filter: object) => (await list(filter)).edges.map(({ node }) => node.id);
    expect(await ids({ sessionId: 'session 9' })).toEqual([id]);
    expect(await ids({ promptId, versionId, model: modelId('busy'), states: ['SUCCEEDED'], sessionId: 'session 9' })).toEqual([id]);
    expect(await ids({ sessionId: 'session 9', states: ['FAILED'] })).toEqual([]);
    expect(await ids({ sessionId: 'session 9', createdTo: '2020-01-01T00:00:00.000Z' })).toEqual([]);
    expect((await list({ errorCode: 'TIME_LIMIT' })).totalCount).toBe(1);
    expect((await ids({ costFrom: 0, costTo: 0 })).length).toBe((await ids({ isCached: true })).length);
    const slowest = (await list({ states: ['SUCCEEDED'] }, { field: 'MILLISECONDS', direction: 'DESC' })).edges.map(
      ({ node }) => node.milliseconds ?? 0,
    );
    expect(slowest).toEqual(slowest.toSorted((a, b) => b - a));
  });
});
