import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Behaviour, ProviderServer } from '@anneal/plugins/testing';
import type { Result } from './people.ts';
import { connectProvider, modelId } from './provider.ts';
import { studioProgram } from './studio-program.ts';
import { type Answer, type Connection, openStudio, type TestStudio } from './test-studio.ts';

/** They answer with what they are asked. */
const models: Record<string, Behaviour> = {
  echo: ({ text }) => ({ text: `<${text}>` }),
  slow: ({ text }) => ({ text: [`<${text}`, '>'], pieceDelayMilliseconds: 60 }),
  picky: ({ text }) => (text.includes('3') ? { failure: 'invalidSetting' } : { text: `<${text}>` }),
};

type Place = Pick<TestStudio, 'send' | 'url'>;

async function created<Data>({ send }: Pick<TestStudio, 'send'>, name: string, input: object, selection: string): Promise<Data> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const { data, errors } = await send<Record<string, Result<Data>> | null>(
    `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on Error { message } ... on ${type}Success { data ${selection} } } }`,
    { input },
  );
  const result = data?.[name];
  if (result?.__typename !== `${type}Success`) throw new Error(errors[0]?.message ?? result?.message);
  return result.data;
}

/** A version of a dataset with these rows, uploaded and checked. @returns its global id */
async function datasetOf(place: Place, name: string, rows: readonly object[]): Promise<string> {
  const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const upload = await created<{ id: string; url: string }>(
    place,
    'createUpload',
    { fileName: 'rows.jsonl', bytes: bytes.length, purpose: 'DATASET', sha256 },
    '{ id url }',
  );
  const headers = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  await fetch(place.url + upload.url, { method: 'PATCH', headers, body: bytes });
  const { id: datasetId } = await created<{ id: string }>(place, 'createDataset', { name }, '{ id }');
  const source = { upload: { uploadId: upload.id } };
  const { version } = await created<{ version: { id: string } }>(place, 'addDatasetVersion', { datasetId, source }, '{ version { id } }');
  for (;;) {
    const { data } = await place.send<{ node: { state: string } }>(
      'query ($id: ID!) { node(id: $id) { ... on DatasetVersion { state } } }',
      {
        id: version.id,
      },
    );
    if (data.node.state !== 'CHECKING') return version.id;
    await pause(50);
  }
}

const promptOf = async (place: Place): Promise<string> => {
  const content = { template: 'Echo {{word}}', variables: [{ name: 'word', type: 'STRING' }], model: modelId('echo') };
  return (await created<{ id: string }>(place, 'createPrompt', { name: 'echo', content }, '{ id }')).id;
};

interface Batch {
  id: string;
  state: string;
  total: number;
  succeeded: number;
  failed: number;
  columns: { variable: string; column: string }[];
}
const fields = 'id state total succeeded failed columns { variable column }';

async function finished(place: Place, id: string): Promise<Batch> {
  for (;;) {
    const { data } = await place.send<{ executionBatch: Batch }>(`query ($id: ID!) { executionBatch(id: $id) { ${fields} } }`, { id });
    if (data.executionBatch.state !== 'RUNNING') return data.executionBatch;
    await pause(50);
  }
}

interface Row {
  row: number;
  state: string;
  output: string | null;
  variables: { word: string };
  error: { code: string; message: string } | null;
}

async function exported(place: Place, batchId: string): Promise<Row[]> {
  const { url } = await created<{ url: string }>(place, 'exportExecutionBatch', { batchId }, '{ url }');
  const response = await fetch(place.url + url);
  expect(response.headers.get('content-type')).toBe('application/jsonl; charset=utf-8');
  return (await response.text())
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const rowsOf = (count: number) => range(count).map((row) => ({ instruction: `word ${row}`, output: `answer ${row}` }));

describe('a batch', () => {
  let studio: TestStudio;
  let provider: ProviderServer;
  let promptId: string;
  beforeAll(async () => {
    studio = await openStudio();
    provider = await connectProvider(studio, models);
    promptId = await promptOf(studio);
  });
  afterAll(async () => {
    await studio.close();
    await provider.close();
  });
  const begin = (input: object): Promise<Batch> => created(studio, 'executeBatch', { promptId, ...input }, `{ ${fields} }`);

  it('asks for each row once, tells how far it is, and gives the results as a file', async () => {
    const datasetVersionId = await datasetOf(studio, 'whole', rowsOf(110));
    const batch = await begin({ datasetVersionId, columns: [{ variable: 'word', column: 'instruction' }], concurrency: 16 });
    expect(batch).toMatchObject({ state: 'RUNNING', total: 110, columns: [{ variable: 'word', column: 'instruction' }] });
    const client = createClient({ url: `${studio.url}/graphql`, retryAttempts: 0 });
    const query = `subscription ($id: ID!) { executionBatchProgress(batchId: $id) { cursor batch { ${fields} } } }`;
    const told: Batch[] = [];
    for await (const { data } of client.iterate<{ executionBatchProgress: { batch: Batch } }>({ query, variables: { id: batch.id } }))
      if (data) told.push(data.executionBatchProgress.batch);
    client.dispose();
    expect(told.at(-1)).toMatchObject({ state: 'COMPLETED', succeeded: 110, failed: 0 });
    const counts = told.map(({ succeeded }) => succeeded);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const rows = await exported(studio, batch.id);
    expect(rows.map(({ row, output }) => [row, output])).toEqual(range(110).map((row) => [row, `<Echo word ${row}>`]));
  });

  it('takes columns of the names of the variables, and no more rows than wanted', async () => {
    const rows = range(5).map((row) => ({ word: `own ${row}`, instruction: 'x', output: 'y' }));
    const { id } = await begin({ datasetVersionId: await datasetOf(studio, 'own', rows), limit: 3 });
    expect(await finished(studio, id)).toMatchObject({ state: 'COMPLETED', total: 3, succeeded: 3 });
    expect((await exported(studio, id)).map(({ output }) => output)).toEqual(range(3).map((row) => `<Echo own ${row}>`));
  });

  it('goes on behind rows that cannot be asked, or that the provider refuses', async () => {
    const rows = [{ instruction: 'one', output: 'x' }, { instruction: 2, output: 'x' }, { output: 'x' }, ...rowsOf(3)];
    const datasetVersionId = await datasetOf(studio, 'mixed', rows);
    const columns = [{ variable: 'word', column: 'instruction' }];
    const { id } = await begin({ datasetVersionId, columns, settings: { model: modelId('picky') } });
    expect(await finished(studio, id)).toMatchObject({ state: 'COMPLETED', total: 6, succeeded: 3, failed: 3 });
    expect((await exported(studio, id)).map(({ row, state, error }) => [row, state, error?.code ?? null])).toEqual([
      [1, 'SUCCEEDED', null],
      [2, 'FAILED', 'VARIABLES_INVALID'],
      [3, 'FAILED', 'VARIABLES_INVALID'],
      [4, 'SUCCEEDED', null],
      [5, 'SUCCEEDED', null],
      [6, 'FAILED', 'INVALID_REQUEST'],
    ]);
  });

  it('that is cancelled asks no more', async () => {
    const datasetVersionId = await datasetOf(studio, 'stopped', rowsOf(40));
    const columns = [{ variable: 'word', column: 'instruction' }];
    const { id } = await begin({ datasetVersionId, columns, concurrency: 2, settings: { model: modelId('slow') } });
    const before = provider.requests.length;
    await provider.untilRequests(before + 3);
    await created(studio, 'cancelExecutionBatch', { batchId: id }, '{ id }');
    const asked = provider.requests.length;
    const batch = await finished(studio, id);
    expect(batch.state).toBe('CANCELLED');
    await pause(300);
    expect(provider.requests.length - asked).toBeLessThanOrEqual(2);
    const states = (await exported(studio, id)).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['SUCCEEDED', 'CANCELLED']));
    expect(batch.succeeded + batch.failed).toBe(40);
  });

  it('waits when four are at work, and is refused when twenty of the project have not ended', async () => {
    const { prisma } = studio.studio;
    const datasetVersionId = await datasetOf(studio, 'many', rowsOf(40));
    const input = {
      ...{ datasetVersionId, columns: [{ variable: 'word', column: 'instruction' }], concurrency: 1 },
      settings: { model: modelId('slow'), cache: 'BYPASS' },
    };
    const first = await begin(input);
    const { id: firstId, ...row } = await prisma.executionBatch.findFirstOrThrow({ where: { state: 'RUNNING' } });
    const others = range(19).map((number) => `other-${number}`);
    await prisma.executionBatch.createMany({
      data: others.map((id) => ({ ...row, id, columns: row.columns ?? {}, parameters: row.parameters ?? {} })),
    });
    await expect(begin(input)).rejects.toThrow('20 batches of this project have not ended; there may be 20');
    // Its end makes room.
    await created(studio, 'cancelExecutionBatch', { batchId: first.id }, '{ id }');
    const atWork = async () =>
      (await prisma.execution.groupBy({ by: ['batchId'], where: { batchId: { in: others }, state: 'SUCCEEDED' } })).map(
        ({ batchId }) => batchId ?? '',
      );
    await vi.waitFor(async () => expect(await atWork()).toHaveLength(4), { timeout: 20_000, interval: 50 });
    await prisma.executionBatch.updateMany({ where: { id: { in: others, notIn: await atWork() } }, data: { state: 'CANCELLED' } });
    const written = await prisma.execution.groupBy({ by: ['batchId'], where: { batchId: { in: others } } });
    expect(written).toHaveLength(4);
    expect(written.map(({ batchId }) => batchId)).not.toContain(firstId);
    for (const { batchId } of written) {
      const globalId = Buffer.from(`ExecutionBatch:${batchId}`).toString('base64');
      await created(studio, 'cancelExecutionBatch', { batchId: globalId }, '{ id }');
    }
  });

  it('tells its executions a page at a time, in the order of the rows', async () => {
    const datasetVersionId = await datasetOf(studio, 'paged', rowsOf(5));
    const { id } = await begin({ datasetVersionId, columns: [{ variable: 'word', column: 'instruction' }] });
    await finished(studio, id);
    const page = async (after?: string) => {
      const { data } = await studio.send<{ executionBatch: { executions: Connection<{ batchRow: number }> } }>(
        `query ($id: ID!, $after: String) { executionBatch(id: $id) { executions(first: 3, after: $after) {
          totalCount pageInfo { hasNextPage endCursor } edges { node { batchRow } } } } }`,
        { id, after },
      );
      const { totalCount, pageInfo, edges } = data.executionBatch.executions;
      return { totalCount, ...pageInfo, rows: edges.map(({ node }) => node.batchRow) };
    };
    const first = await page();
    expect(first).toMatchObject({ totalCount: 5, hasNextPage: true, rows: [1, 2, 3] });
    expect(await page(first.endCursor)).toMatchObject({ totalCount: 5, hasNextPage: false, rows: [4, 5] });
  });

  it('is refused with what is wrong', async () => {
    const datasetVersionId = await datasetOf(studio, 'wrong', rowsOf(2));
    await expect(begin({ datasetVersionId })).rejects.toThrow(/Say which column "word" is taken from. There are instruction, output/);
    await expect(begin({ datasetVersionId, columns: [{ variable: 'word', column: 'question' }] })).rejects.toThrow(
      /The first row has no column "question". It has instruction, output/,
    );
    await expect(begin({ datasetVersionId, columns: [{ variable: 'word', column: 'constructor' }] })).rejects.toThrow(
      /The first row has no column "constructor"/,
    );
    await expect(begin({ datasetVersionId, columns: [{ variable: 'wort', column: 'output' }] })).rejects.toThrow(
      /The prompt has no variable "wort". It has word/,
    );
    await expect(begin({ datasetVersionId, columns: [{ variable: 'word', column: 'output' }], concurrency: 65 })).rejects.toThrow(
      /concurrency/,
    );
  });
});

describe('when a server is killed', () => {
  const program = studioProgram();

  function placeAt(url: string): Place {
    const send = async <Data>(query: string, variables?: object): Promise<Answer<Data>> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
      const { data, errors = [], extensions = {} } = await response.json();
      return { status: response.status, headers: response.headers, data, errors, extensions };
    };
    return { url, send };
  }

  it('its batch goes on with no row lost or asked twice that had ended, and its other executions have failed', async () => {
    const first = program.start({});
    let place = placeAt(await first.listening());
    const provider = await connectProvider(place, models);
    const promptId = await promptOf(place);
    const datasetVersionId = await datasetOf(place, 'killed', rowsOf(40));
    const input = { promptId, datasetVersionId, columns: [{ variable: 'word', column: 'instruction' }], concurrency: 4 };
    const settings = { model: modelId('slow'), cache: 'BYPASS' };
    const { id } = await created<Batch>(place, 'executeBatch', { ...input, settings }, '{ id }');
    await provider.untilRequests(12);
    const single = await created<{ id: string }>(place, 'executePrompt', { promptId, variables: { word: 'alone' }, settings }, '{ id }');
    await provider.untilRequests(13);
    first.child.kill('SIGKILL');
    await first.exited;
    const askedBefore = provider.requests.map(({ text }) => text);

    place = placeAt(await program.start({}).listening());
    expect(await finished(place, id)).toMatchObject({ state: 'COMPLETED', total: 40, succeeded: 40, failed: 0 });
    const rows = await exported(place, id);
    expect(rows.map(({ row, output }) => [row, output])).toEqual(range(40).map((row) => [row, `<Echo word ${row}>`]));
    // Only what was on its way when it was killed was asked again.
    const askedAgain = provider.requests.slice(askedBefore.length).filter(({ text }) => text !== '' && askedBefore.includes(text));
    expect(askedAgain.length).toBeLessThanOrEqual(4);
    const { data } = await place.send<{ execution: object }>(
      'query ($id: ID!) { execution(id: $id) { state error { code message } } }',
      single,
    );
    expect(data.execution).toMatchObject({
      state: 'FAILED',
      error: { code: 'SERVER_STOPPED', message: expect.stringContaining('retryExecution') },
    });
    await provider.close();
  }, 120_000);
});
