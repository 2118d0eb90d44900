import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseTrainingConfig, train } from '@anneal/engine';
import { type HubServer, startHubServer, tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

const commit = 'c'.repeat(40);
let folder: string;
let model: string;
let adapter: Record<string, Buffer>;
let hub: HubServer;
let studio: TestStudio;

beforeAll(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'anneal-models-'));
  const places = await writeTinyModel(path.join(folder, 'tiny'));
  ({ model } = places);
  for await (const _ of train(parseTrainingConfig(tinyConfig(places, 1)), { folder: path.join(folder, 'run') }));
  adapter = await contents(path.join(folder, 'run/artifacts/adapter'));
  hub = await startHubServer();
  hub.models = { 'ada/tiny': { revisions: { main: commit }, files: await contents(model) } };
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_TOKEN', '');
  studio = await openStudio();
});
afterAll(async () => {
  await studio.close();
  await hub.close();
  vi.unstubAllEnvs();
  await fs.rm(folder, { recursive: true, force: true });
});

async function contents(of: string): Promise<Record<string, Buffer>> {
  const names = (await fs.readdir(of)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await fs.readFile(path.join(of, name))] as const)));
}

/** Makes a change and gives what its success has; anything else fails the test. */
async function change<Data>(name: string, input: object, selection: string): Promise<Data> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on ${type}Success { data ${selection} } ... on Error { code message } } }`;
  const { data, errors } = await studio.send<Record<string, { __typename: string; data: Data }>>(document, { input });
  expect(errors).toEqual([]);
  expect(data[name]).toMatchObject({ __typename: `${type}Success` });
  return data[name]?.data as Data;
}

/** What a change answers that is not made. */
async function refusal(name: string, input: object): Promise<unknown> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ... on Error { code message } } }`;
  return (await studio.send<Record<string, unknown>>(document, { input })).data[name];
}

describe('base models over GraphQL', () => {
  it('are downloaded from the Hub, followed live, and deleted', async () => {
    const weights = 'model.safetensors';
    hub.mishaps = [{ of: weights, breakAfter: 1000 }];
    const { id } = await change<{ id: string }>('downloadBaseModel', { hubId: 'ada/tiny' }, '{ id state }');
    const client = createClient({ url: `${studio.url}/graphql`, retryAttempts: 0 });
    const seen: { state: string; receivedBytes: number; bytes: number }[] = [];
    const query = 'subscription ($id: ID!) { baseModelDownload(id: $id) { state bytes receivedBytes } }';
    for await (const { data } of client.iterate({ query, variables: { id } })) {
      seen.push((data as { baseModelDownload: (typeof seen)[number] }).baseModelDownload);
    }
    client.dispose();
    expect(seen.at(-1)).toMatchObject({ state: 'READY' });
    for (const { receivedBytes, bytes } of seen) expect(receivedBytes).toBeLessThanOrEqual(bytes);
    const fields =
      'name source hubId revision commit architecture parameters dtype contextLength vocabularySize hasChatTemplate problem isRegistered path';
    const { data } = await studio.send<{ node: object; baseModel: object; baseModels: { name: string }[] }>(
      `query ($id: ID!) { node(id: $id) { ... on BaseModel { ${fields} fits { device name availableMemory missing methods { trainable storage memory fits } } } } baseModel(id: $id) { name } baseModels { name } }`,
      { id },
    );
    expect(data.node).toMatchObject({
      ...{ name: 'ada/tiny', source: 'HUB', hubId: 'ada/tiny', revision: 'main', commit, architecture: 'llama', dtype: 'F32' },
      ...{ contextLength: 128, hasChatTemplate: true, problem: null, isRegistered: true },
      fits: [
        {
          device: 'cpu',
          missing: null,
          methods: [{ trainable: 'LORA', storage: 'FLOAT32', fits: true }, {}, {}, {}, {}, { trainable: 'FULL' }],
        },
      ],
    });
    expect(data.baseModels.map(({ name }) => name)).toEqual(['bundled', 'ada/tiny']);
    const run = await change<{ config: { model: { base: string } } }>(
      'startRun',
      { baseModelId: id, config: { schedule: { maxSteps: 1 } } },
      '{ id config }',
    );
    expect(run.config.model.base).toContain(commit);
    expect(await refusal('deleteBaseModel', { baseModelId: id })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('has not ended'),
    });
    await vi.waitFor(async () => change('deleteBaseModel', { baseModelId: id }, ''), { timeout: 20_000, interval: 200 });
    expect((await studio.send<{ node: object | null }>('query ($id: ID!) { node(id: $id) { id } }', { id })).data.node).toBeNull();
  });

  it('are registered from a folder, and refused with a reason', async () => {
    const registered = await change<{ id: string }>('registerBaseModel', { path: model, name: 'Tiny' }, '{ id name state bytes }');
    expect(registered).toMatchObject({ name: 'Tiny', state: 'READY' });
    expect(await refusal('registerBaseModel', { path: folder })).toMatchObject({ __typename: 'InvalidInput', code: 'INVALID_INPUT' });
    expect(await refusal('downloadBaseModel', { hubId: 'ada/none' })).toMatchObject({ __typename: 'InvalidInput' });
    expect(await refusal('cancelBaseModelDownload', { baseModelId: registered.id })).toMatchObject({ __typename: 'Conflict' });
    expect(await refusal('resumeBaseModelDownload', { baseModelId: 'nothing' })).toMatchObject({ __typename: 'NotFound' });
  });
});

describe('model versions over GraphQL', () => {
  const upload = async (fileName: string, content: Buffer): Promise<string> => {
    const input = { fileName, bytes: content.length, purpose: 'MODEL' };
    const { id, url } = await change<{ id: string; url: string }>('createUpload', input, '{ id url }');
    const headers = { 'tus-resumable': '1.0.0', 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
    const response = await fetch(new URL(url, studio.url), { method: 'PATCH', headers, body: new Uint8Array(content) });
    expect(response.status).toBe(204);
    return id;
  };
  const uploaded = (files: Record<string, Buffer>) => Promise.all(Object.entries(files).map(([name, content]) => upload(name, content)));

  it('are made of uploads, fetched by signed links, named, moved, compared and verified', async () => {
    const { id: modelId } = await change<{ id: string }>(
      'createModel',
      { name: 'Answers', description: 'Of questions.' },
      '{ id name description }',
    );
    const fields =
      '{ id number kind contentHash bytes notes aliases files { name bytes sha256 url } metrics { key } config step run { id } parent { id } }';
    const first = await change<{ id: string; files: { name: string; bytes: number; sha256: string; url: string }[] }>(
      'createModelVersion',
      { modelId, uploadIds: await uploaded(adapter), alias: 'champion', notes: 'The first.' },
      fields,
    );
    expect(first).toMatchObject({
      number: 1,
      kind: 'ADAPTER',
      notes: 'The first.',
      aliases: ['champion'],
      metrics: [],
      config: null,
      run: null,
    });
    expect(first.files.map(({ name }) => name)).toEqual(Object.keys(adapter));
    for (const { name, url, sha256 } of first.files) {
      const fetched = Buffer.from(await (await fetch(new URL(url, studio.url))).arrayBuffer());
      expect(fetched).toEqual(adapter[name]);
      expect(createHash('sha256').update(fetched).digest('hex')).toBe(sha256);
    }
    const second = await change<{ id: string }>(
      'createModelVersion',
      { modelId, uploadIds: await uploaded({ ...adapter, 'README.md': Buffer.from('another') }), parentId: first.id },
      '{ id }',
    );
    await change('setModelAlias', { modelId, alias: 'champion', versionId: second.id }, '{ id }');
    const rolled = await change<object>(
      'rollBackModelAlias',
      { modelId, alias: 'champion' },
      '{ aliases { name version { number } } aliasChanges(alias: "champion") { totalCount edges { node { fromNumber toNumber isRollBack } } } versions { totalCount edges { node { number } } } }',
    );
    expect(rolled).toMatchObject({
      aliases: [{ name: 'champion', version: { number: 1 } }],
      aliasChanges: { totalCount: 3, edges: [{ node: { fromNumber: 2, toNumber: 1, isRollBack: true } }, {}, {}] },
      versions: { totalCount: 2, edges: [{ node: { number: 2 } }, { node: { number: 1 } }] },
    });
    const { data, errors } = await studio.send(
      `query ($modelId: ID!, $ids: [ID!]!) {
        models(filter: { search: "nswer" }) { totalCount edges { node { name project { name } } } }
        newest: modelVersion(modelId: $modelId) { number model { name } lineage { versions { number } links { parentId childId } isComplete } }
        champion: modelVersion(modelId: $modelId, alias: "champion") { number baseModel { name } datasetVersion { id } }
        none: modelVersion(modelId: $modelId, number: 7) { number }
        compareModelVersions(ids: $ids) { versions { number parent { number } } config { path values } metrics { key values } }
      }`,
      { modelId, ids: [second.id, first.id] },
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      models: { totalCount: 1, edges: [{ node: { name: 'Answers', project: { name: 'Default' } } }] },
      newest: {
        number: 2,
        model: { name: 'Answers' },
        lineage: { versions: [{ number: 1 }, { number: 2 }], links: [{ parentId: first.id, childId: second.id }], isComplete: true },
      },
      champion: { number: 1, baseModel: null, datasetVersion: null },
      none: null,
      compareModelVersions: {
        versions: [
          { number: 2, parent: { number: 1 } },
          { number: 1, parent: null },
        ],
        config: [],
        metrics: [],
      },
    });
    expect(await change('verifyModelVersion', { versionId: first.id }, '{ name kind }')).toEqual([]);
    expect(await refusal('deleteModelVersion', { versionId: first.id })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('champion'),
    });
    expect(await change('deleteModelVersion', { versionId: second.id }, '')).toBe(second.id);
    await change('removeModelAlias', { modelId, alias: 'champion' }, '{ id }');
    await change('updateModel', { modelId, name: 'Replies' }, '{ name description }');
    expect(await change('deleteModel', { modelId }, '')).toBe(modelId);
    expect(await refusal('deleteModel', { modelId })).toMatchObject({ __typename: 'NotFound' });
  });

  it('are not made of what could run code, does not belong together, or is damaged', async () => {
    const { id: modelId } = await change<{ id: string }>('createModel', { name: 'Refused' }, '{ id }');
    const make = async (files: Record<string, Buffer>) => refusal('createModelVersion', { modelId, uploadIds: await uploaded(files) });
    const { 'adapter_config.json': config = Buffer.alloc(0), 'adapter_model.safetensors': weights = Buffer.alloc(0) } = adapter;
    expect(await make({ ...adapter, 'adapter_model.bin': Buffer.from('pickle') })).toMatchObject({ __typename: 'InvalidInput' });
    expect(await make({ ...adapter, 'modeling.py': Buffer.from('evil()') })).toMatchObject({ __typename: 'InvalidInput' });
    expect(await make({ 'adapter_model.safetensors': weights })).toMatchObject({ __typename: 'InvalidInput' });
    const cut = await make({ 'adapter_config.json': config, 'adapter_model.safetensors': weights.subarray(0, weights.length - 4) });
    expect(cut).toMatchObject({ __typename: 'InvalidInput', message: expect.not.stringContaining(studio.studio.config.dataFolder) });
    expect(await refusal('createModelVersion', { modelId, uploadIds: [] })).toMatchObject({ __typename: 'InvalidInput' });
    expect(await fs.readdir(path.join(studio.studio.config.dataFolder, 'model-versions'))).toEqual([]);
  });
});
