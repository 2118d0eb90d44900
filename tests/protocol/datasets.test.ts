import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio({ environment: { ENCRYPT_FILES: 'true' } });
});
afterAll(() => studio.close());

const alpaca = (count: number, answer = 'Answer'): string =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ instruction: `Question ${index}?`, output: `${answer} ${index}.` })).join(
    '\n',
  );

/** Uploads a text whole. @returns the global id of the upload */
async function upload(text: string, fileName = 'rows.jsonl', to = studio): Promise<string> {
  const bytes = Buffer.from(text);
  const { data } = await to.send<{ createUpload: { data: { id: string; url: string } } }>(
    'mutation ($input: CreateUploadInput!) { createUpload(input: $input) { ... on CreateUploadSuccess { data { id url } } } }',
    { input: { fileName, bytes: bytes.length, purpose: 'DATASET', sha256: createHash('sha256').update(bytes).digest('hex') } },
  );
  const headers = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  const answer = await fetch(to.url + data.createUpload.data.url, { method: 'PATCH', headers, body: bytes });
  expect(answer.status).toBe(204);
  return data.createUpload.data.id;
}

async function createDataset(name: string, to = studio): Promise<string> {
  const { data } = await to.send<{ createDataset: { data: { id: string } } }>(
    'mutation ($name: String!) { createDataset(input: { name: $name }) { ... on CreateDatasetSuccess { data { id } } } }',
    { name },
  );
  return data.createDataset.data.id;
}

interface Version {
  id: string;
  number: number;
  state: string;
  format: string;
  rowCount: number;
  problemCount: number;
  contentHash: string;
  isEncrypted: boolean;
  problems: { edges: { node: { row: number | null; path: string; message: string; text: string } }[] };
  statistics: Record<string, number>;
}

interface Added {
  __typename: string;
  message: string;
  data: { isNew: boolean; version: { id: string; number: number } };
  issues: { path: string; message: string }[];
}

async function add(datasetId: string, input: object, to = studio): Promise<Added> {
  const { data, errors } = await to.send<{ addDatasetVersion: Added }>(
    `mutation ($input: AddDatasetVersionInput!) { addDatasetVersion(input: $input) {
      __typename
      ... on AddDatasetVersionSuccess { data { isNew version { id number } } }
      ... on Error { message }
      ... on InvalidInput { issues { path message } }
    } }`,
    { input: { datasetId, ...input } },
  );
  expect(errors).toEqual([]);
  return data.addDatasetVersion;
}

async function checked(id: string, to = studio): Promise<Version> {
  for (;;) {
    const { data } = await to.send<{ node: Version }>(
      `query ($id: ID!) { node(id: $id) { ... on DatasetVersion {
        id number state format rowCount problemCount contentHash isEncrypted
        problems(first: 5) { edges { node { row path message text } } }
        statistics { usableRows skippedRows duplicateRows nearlyEmptyRows tokens targetTokens longest median }
      } } }`,
      { id },
    );
    if (data.node.state !== 'CHECKING') return data.node;
    await pause(50);
  }
}

const addUpload = async (datasetId: string, text: string, more: object = {}, fileName?: string): Promise<Added> =>
  add(datasetId, { source: { upload: { uploadId: await upload(text, fileName) } }, ...more });

describe('a version of a dataset', () => {
  it('is checked row by row, and tells what is wrong with which', async () => {
    const rows = [
      ...alpaca(3).split('\n'),
      '{"instruction": "No answer"}',
      '{"instruction": 7, "output": "A"}',
      '{broken',
      ...alpaca(1).split('\n'),
      '{"instruction": "Empty", "output": ""}',
    ];
    const { data } = await addUpload(await createDataset('bad rows'), rows.join('\n'));
    const version = await checked(data.version.id);
    expect(version).toMatchObject({ number: 1, state: 'READY', format: 'alpaca', rowCount: 8, problemCount: 3, isEncrypted: true });
    expect(version.contentHash).toBe(createHash('sha256').update(rows.join('\n')).digest('hex'));
    expect(version.problems.edges.map(({ node }) => [node.row, node.path])).toEqual([
      [4, 'output'],
      [5, 'instruction'],
      [6, ''],
    ]);
    expect(version.problems.edges[0]?.node).toMatchObject({
      message: expect.stringContaining('missing'),
      text: '{"instruction":"No answer"}',
    });
    expect(version.statistics).toMatchObject({ usableRows: 4, skippedRows: 1, duplicateRows: 1 });
  });

  it('that cannot be read is INVALID and says why', async () => {
    const { data } = await addUpload(await createDataset('no rows'), 'PK\u0003\u0004 a zip', {}, 'rows.zip');
    expect(await checked(data.version.id)).toMatchObject({
      state: 'INVALID',
      problems: { edges: [{ node: { row: null, message: expect.stringContaining('ZIP') } }] },
    });
  });

  it('is read by a column map, which another version may have', async () => {
    const datasetId = await createDataset('columns');
    const rows = Array.from({ length: 3 }, (_, index) => JSON.stringify({ question: `Q ${index}`, answer: `A ${index}` })).join('\n');
    const unmapped = await addUpload(datasetId, rows);
    expect(await checked(unmapped.data.version.id)).toMatchObject({ state: 'INVALID' });
    const columns = { instruction: 'question', output: 'answer' };
    const mapped = await add(datasetId, { source: { version: { versionId: unmapped.data.version.id } }, columns });
    expect(mapped.data).toMatchObject({ isNew: true, version: { number: 2 } });
    expect(await checked(mapped.data.version.id)).toMatchObject({ state: 'READY', format: 'alpaca' });
    const wrong = await add(datasetId, { source: { version: { versionId: unmapped.data.version.id } }, columns: { output: 7 } });
    expect(wrong).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'columns' }] });
  });

  it('with content that is there already is not added again', async () => {
    const datasetId = await createDataset('same');
    const first = await addUpload(datasetId, alpaca(4));
    await checked(first.data.version.id);
    const again = await addUpload(datasetId, alpaca(4));
    expect(again.data).toEqual({ isNew: false, version: { id: first.data.version.id, number: 1 } });
    const other = await addUpload(datasetId, alpaca(5));
    expect(other.data).toMatchObject({ isNew: true, version: { number: 2 } });
    await checked(other.data.version.id);
  });

  it('gets a number without holes, whoever else adds one', async () => {
    const datasetId = await createDataset('numbers');
    const uploads = await Promise.all(Array.from({ length: 6 }, (_, index) => upload(alpaca(index + 1))));
    const added = await Promise.all(uploads.map((uploadId) => add(datasetId, { source: { upload: { uploadId } } })));
    expect(added.map(({ data }) => data.version.number).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { data } of added) await checked(data.version.id);
  });

  it('shows its rows as they are, and as the model sees them', async () => {
    const { data } = await addUpload(await createDataset('rows'), alpaca(30));
    await checked(data.version.id);
    const shown = await studio.send<{
      node: {
        rows: { row: number; value: unknown }[];
        preview: { row: number; isTruncated: boolean; sequences: { tokens: { text: string; isTarget: boolean }[] }[] }[];
      };
    }>(
      `query ($id: ID!) { node(id: $id) { ... on DatasetVersion {
        rows(offset: 10, limit: 2) { row value problems { message } }
        preview(offset: 10, limit: 1) { row isTruncated skipped sequences { answer tokens { id text isTarget } } }
        short: preview(offset: 10, limit: 1, maxLength: 16) { isTruncated skipped }
      } } }`,
      { id: data.version.id },
    );
    expect(shown.data.node.rows).toMatchObject([{ row: 11, value: { instruction: 'Question 10?' } }, { row: 12 }]);
    const [row] = shown.data.node.preview;
    const tokens = row?.sequences[0]?.tokens ?? [];
    expect(row).toMatchObject({ row: 11, isTruncated: false });
    expect(tokens.map(({ text }) => text).join('')).toBe('<|user|>\nQuestion 10?<|end|>\n<|assistant|>\nAnswer 10.<|end|>');
    const learned = tokens.filter(({ isTarget }) => isTarget).map(({ text }) => text);
    expect(learned.join('')).toBe('Answer 10.<|end|>');
    const { errors } = await studio.send('query ($id: ID!) { node(id: $id) { ... on DatasetVersion { rows(limit: 101) { row } } } }', {
      id: data.version.id,
    });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('lies encrypted on the disk', async () => {
    const { data } = await addUpload(await createDataset('sealed'), alpaca(3, 'Xyzzy'));
    await checked(data.version.id);
    const folders = path.join(studio.studio.config.dataFolder, 'datasets');
    const files = (await readdir(folders, { recursive: true })).filter((name) => name.endsWith('.sealed'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect((await readFile(path.join(folders, file))).includes('Xyzzy')).toBe(false);
  });

  it('is used by a run, and cannot be deleted until it has ended', async () => {
    const datasetId = await createDataset('used');
    const { data } = await addUpload(datasetId, alpaca(20));
    await checked(data.version.id);
    const started = await studio.send<{ startRun: { data: { id: string } } }>(
      'mutation ($id: ID) { startRun(input: { datasetVersionId: $id }) { __typename ... on StartRunSuccess { data { id } } ... on Error { message } } }',
      { id: data.version.id },
    );
    expect(started.data.startRun).toMatchObject({ __typename: 'StartRunSuccess' });
    const runId = started.data.startRun.data.id;
    const remove = async (): Promise<object> =>
      (
        await studio.send<{ deleteDatasetVersion: object }>(
          'mutation ($id: ID!) { deleteDatasetVersion(input: { versionId: $id }) { __typename ... on Error { message } } }',
          { id: data.version.id },
        )
      ).data.deleteDatasetVersion;
    expect(await remove()).toMatchObject({ __typename: 'Conflict', message: expect.stringContaining('Run') });
    const whole = await studio.send('mutation ($id: ID!) { deleteDataset(input: { datasetId: $id }) { __typename } }', { id: datasetId });
    expect(whole.data).toEqual({ deleteDataset: { __typename: 'Conflict' } });
    await studio.send('mutation ($id: ID!) { cancelRun(input: { runId: $id }) { __typename } }', { id: runId });
    await studio.ended({ id: runId, folder: '', release: async () => undefined });
    expect(await remove()).toEqual({ __typename: 'DeleteDatasetVersionSuccess' });
    const folder = path.join(studio.studio.config.dataFolder, 'datasets');
    const { data: gone } = await studio.send('query ($id: ID!) { node(id: $id) { id } }', { id: data.version.id });
    expect(gone).toEqual({ node: null });
    const kept = await studio.studio.prisma.datasetVersion.findMany({ select: { path: true } });
    expect((await readdir(folder)).sort()).toEqual([...new Set(kept.map((version) => path.basename(version.path)))].filter(Boolean).sort());
  });

  it('is fetched from allowed hosts only', async () => {
    const datasetId = await createDataset('from a URL');
    for (const url of ['https://example.com/rows.jsonl', 'http://127.0.0.1/rows', 'http://[::1]/', 'file:///etc/passwd', 'nothing']) {
      expect(await add(datasetId, { source: { url: { url } } })).toMatchObject({
        __typename: 'InvalidInput',
        issues: [{ path: 'source.url.url' }],
      });
    }
  });

  it('is copied from the server for whoever may name its files', async () => {
    const file = path.join(studio.studio.config.dataFolder, 'local.csv');
    await writeFile(file, 'prompt,completion\n"What, now?",Nothing.\nAnd then?,"Still ""nothing""."\n');
    const { data } = await add(await createDataset('from a path'), { source: { path: { path: file } } });
    expect(await checked(data.version.id)).toMatchObject({ state: 'READY', format: 'prompt-completion', rowCount: 2, isEncrypted: true });
    const missing = await add(await createDataset('from nowhere'), { source: { path: { path: '/no/such/file' } } });
    expect(await checked(missing.data.version.id)).toMatchObject({
      state: 'INVALID',
      problems: { edges: [{ node: { message: expect.stringContaining('no dataset at that path') } }] },
    });
  });
});

describe('datasets', () => {
  it('are listed, renamed and deleted', async () => {
    const id = await createDataset('to be renamed');
    const change =
      'mutation ($input: UpdateDatasetInput!) { updateDataset(input: $input) { __typename ... on UpdateDatasetSuccess { data { name } } } }';
    expect((await studio.send(change, { input: { datasetId: id, name: 'renamed' } })).data).toEqual({
      updateDataset: { __typename: 'UpdateDatasetSuccess', data: { name: 'renamed' } },
    });
    await createDataset('taken');
    expect((await studio.send(change, { input: { datasetId: id, name: 'taken' } })).data).toEqual({
      updateDataset: { __typename: 'Conflict' },
    });
    const list = await studio.send(
      '{ datasets(filter: { search: "renamed" }) { totalCount edges { node { name versions { totalCount } } } } }',
    );
    expect(list.data).toEqual({ datasets: { totalCount: 1, edges: [{ node: { name: 'renamed', versions: { totalCount: 0 } } }] } });
    const remove = await studio.send('mutation ($id: ID!) { deleteDataset(input: { datasetId: $id }) { __typename } }', { id });
    expect(remove.data).toEqual({ deleteDataset: { __typename: 'DeleteDatasetSuccess' } });
  });
});
