import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import { type HubServer, startHubServer } from '../data/testing/hub-server.ts';
import { pinData } from './pinned-data.ts';

const [first, second, third] = ['1', '2', '3'].map((digit) => digit.repeat(40));
let folder: string;
let hub: HubServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-pinned-'));
  hub = await startHubServer();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true, force: true });
});

it('stays with the commit that a run has started from', async () => {
  vi.stubEnv('HF_ENDPOINT', hub.url);
  hub.datasets = {
    'ada/notes': { revisions: { main: first ?? '', tests: second ?? '' }, files: {} },
    'ada/checks': { revisions: { main: third ?? '' }, files: {} },
  };
  const config = parseTrainingConfig({ data: { path: 'hub:ada/notes/data', revision: 'tests', validationPath: 'hub:ada/checks' } });
  const pinned = { path: `hub:ada/notes@${second}/data`, validationPath: `hub:ada/checks@${third}` };
  const run = join(folder, 'run');
  expect((await pinData(config, run)).data).toEqual({ ...config.data, ...pinned });
  expect(JSON.parse(await readFile(join(run, 'dataset.json'), 'utf8'))).toMatchObject({ pinned });
  hub.datasets['ada/notes'] = { revisions: { main: first ?? '', tests: first ?? '' }, files: {} };
  expect((await pinData(config, run)).data).toMatchObject(pinned);
  expect((await pinData(config, join(folder, 'other'))).data.path).toBe(`hub:ada/notes@${first}/data`);
  const same = { ...config, data: { ...config.data, validationPath: 'hub:ada/notes' } };
  expect((await pinData(same, run)).data.validationPath).toBe(`hub:ada/notes@${first}`);
});

it('leaves files alone', async () => {
  const config = parseTrainingConfig({ data: { path: 'rows.jsonl' } });
  expect(await pinData(config, join(folder, 'none'))).toBe(config);
});
