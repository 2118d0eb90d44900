import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { nodeArguments } from '@anneal/engine';
import { type HubServer, startHubServer, writeTinyModel } from '@anneal/engine/testing';
import type { Role } from '@anneal/prisma';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Viewer } from '../access/viewer.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder, until } from '../testing/studio.ts';
import type { BaseModel } from './base-model.ts';

const commit = 'c'.repeat(40);
const weights = 'model.safetensors';
const studioProgram = path.join(import.meta.dirname, '../testing/studio-process.ts');
const other = 'other';
const member = (role: Role, projectId = defaultProjectId): Viewer => ({
  ...owner,
  isAdministrator: false,
  credential: { kind: 'session', sessionId: 'one' },
  roles: new Map([[projectId, role]]),
});

let made: string;
let folder: string;
let model: string;
let data: string;
let files: Record<string, Buffer>;
let hub: HubServer;
let studio: Studio;
/** Where the commit lies until it is whole. */
let place: string;

beforeAll(async () => {
  made = temporaryFolder();
  await writeTinyModel(made);
});
afterAll(() => cleanUp(made));

beforeEach(async () => {
  folder = temporaryFolder();
  await fs.cp(made, path.join(folder, 'tiny'), { recursive: true });
  [model, data] = [path.join(folder, 'tiny/model'), path.join(folder, 'tiny/rows.jsonl')];
  const names = await fs.readdir(model);
  files = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await fs.readFile(path.join(model, name))] as const)));
  place = path.join(folder, 'models/.hub/ada--tiny', `${commit}.partial`);
  hub = await startHubServer();
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_TOKEN', '');
  const extra = { 'pytorch_model.bin': Buffer.from('pickle'), 'modeling.py': Buffer.from('evil()'), 'onnx/model.onnx': Buffer.alloc(9) };
  hub.models = { 'ada/tiny': { revisions: { main: commit, 'v1.0': commit }, files: { ...files, ...extra } } };
  studio = await openStudio(folder, { launcher: idleLauncher });
  await studio.prisma.project.create({ data: { id: other, name: 'Other' } });
});
afterEach(async () => {
  await studio.close();
  await hub.close();
  vi.unstubAllEnvs();
  cleanUp(folder);
});

const tiny = { projectId: defaultProjectId, hubId: 'ada/tiny' };
const settled = (id: string, viewer = owner): Promise<BaseModel> =>
  until(
    async () => {
      const found = await studio.baseModels.find(viewer, id);
      if (!found) throw new Error('the model is gone');
      return found;
    },
    ({ state }) => state !== 'DOWNLOADING',
  );
/** Waits until so much of the weights is on the disk. */
const come = (bytes: number): Promise<number> =>
  until(
    async () => (await fs.stat(path.join(place, `${weights}.partial`)).catch(() => null))?.size ?? 0,
    (size) => size >= bytes,
  );
const filesOf = async (place: string): Promise<string[]> => (await fs.readdir(place)).sort();
const asked = (name: string) => hub.requests.filter(({ place, path: asked }) => place === 'storage' && asked.endsWith(name));

describe('a model of the Hub', () => {
  it('is downloaded at its commit: configuration, tokenizer and safetensors, nothing that could run code', async () => {
    const begun = await studio.baseModels.download(owner, { ...tiny, revision: 'v1.0' });
    expect(begun).toMatchObject({ name: 'ada/tiny', state: 'DOWNLOADING', source: 'HUB', hubId: 'ada/tiny', revision: 'v1.0', commit });
    const ready = await settled(begun.id);
    expect(ready).toMatchObject({ state: 'READY', architecture: 'llama', dtype: 'F32', contextLength: 128, problem: null });
    expect(ready.receivedBytes).toBe(ready.bytes);
    expect(await filesOf(ready.path)).toEqual(Object.keys(files).sort());
    for (const [name, content] of Object.entries(files)) expect(await fs.readFile(path.join(ready.path, name))).toEqual(content);
    expect(hub.requests.filter(({ path: asked }) => /pytorch|modeling|onnx/.test(asked))).toEqual([]);
    expect(await studio.baseModels.trainingFolder(owner, ready.id)).toEqual({ projectId: defaultProjectId, path: ready.path });
  });

  it('goes on where it was when the server stops, or is killed', async () => {
    hub.mishaps = [
      { of: weights, stallAfter: 1000 },
      { of: weights, stallAfter: 500 },
    ];
    const { id } = await studio.baseModels.download(owner, tiny);
    await come(1000);
    await studio.close();
    expect(await filesOf(place)).toContain(`${weights}.partial`);

    const server = spawn(process.execPath, [...nodeArguments, studioProgram, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await come(1500);
    server.kill('SIGKILL');
    await once(server, 'exit');

    studio = await openStudio(folder, { launcher: idleLauncher });
    expect(await settled(id)).toMatchObject({ state: 'READY', problem: null });
    expect(asked(weights).flatMap(({ range }) => (range === 'bytes=0-0' ? [] : [range?.split('-')[0]]))).toEqual([
      undefined,
      'bytes=1000',
      'bytes=1500',
    ]);
  });

  it('is asked for again where it broke off, as long as something comes', async () => {
    hub.mishaps = Array.from({ length: 6 }, () => ({ of: weights, breakAfter: 700 }));
    const { id } = await studio.baseModels.download(owner, tiny);
    expect(await settled(id)).toMatchObject({ state: 'READY' });
  });

  it('is not taken when it arrives damaged, and can be fetched again', async () => {
    const wrong = Buffer.from(files[weights] ?? []).fill('x', 2000, 2010);
    hub.mishaps = [{ of: weights, content: wrong }];
    const { id } = await studio.baseModels.download(owner, tiny);
    const failed = await settled(id);
    expect(failed).toMatchObject({ state: 'FAILED', problem: expect.stringMatching(/model\.safetensors of model ada\/tiny .*checksum/) });
    await expect(studio.baseModels.trainingFolder(owner, id)).rejects.toThrow('checksum');
    await studio.baseModels.resumeDownload(owner, id);
    expect(await settled(id)).toMatchObject({ state: 'READY' });
    await expect(studio.baseModels.resumeDownload(owner, id)).rejects.toThrow('is here already');
  });

  it('checks small files by the name that git has for them', async () => {
    hub.mishaps = [{ of: '/config.json', content: Buffer.from((files['config.json'] ?? '').toString().replace('llama', 'lloma')) }];
    const { id } = await studio.baseModels.download(owner, tiny);
    expect(await settled(id)).toMatchObject({
      state: 'FAILED',
      problem: expect.stringContaining('config.json of model ada/tiny has arrived damaged'),
    });
  });

  it('can be cancelled, and goes on later', async () => {
    hub.mishaps = [{ of: weights, stallAfter: 1000 }];
    const { id } = await studio.baseModels.download(owner, tiny);
    await come(1000);
    await expect(studio.baseModels.trainingFolder(owner, id)).rejects.toThrow('still being downloaded');
    expect(await studio.baseModels.cancelDownload(owner, id)).toMatchObject({
      state: 'FAILED',
      problem: expect.stringContaining('cancelled'),
    });
    await expect(studio.baseModels.cancelDownload(owner, id)).rejects.toThrow('not being downloaded');
    await until(
      async () => filesOf(path.dirname(place)),
      (names) => !names.some((name) => name.endsWith('owner.json')),
    );
    await studio.baseModels.resumeDownload(owner, id);
    expect(await settled(id)).toMatchObject({ state: 'READY' });
    expect(asked(weights).some(({ range }) => range?.startsWith('bytes=1000-'))).toBe(true);
  });

  it('tells how far it is until it ends', async () => {
    hub.mishaps = [{ of: weights, stallAfter: 1000 }];
    const { id } = await studio.baseModels.download(owner, tiny);
    const states: string[] = [];
    for await (const { state, receivedBytes } of studio.baseModels.follow(owner, id)) {
      states.push(state);
      if (receivedBytes > 0 && state === 'DOWNLOADING') await studio.baseModels.cancelDownload(owner, id);
    }
    expect(states.length).toBeGreaterThan(2);
    expect([states[0], states.at(-1)]).toEqual(['DOWNLOADING', 'FAILED']);
  });

  it('is refused with a reason: no such model, only pickles, no network, no room, twice', async () => {
    const download = (hubId: string, revision?: string) => studio.baseModels.download(owner, { ...tiny, hubId, revision });
    await expect(download('ada/tiny', 'v9')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('There is no model ada/tiny with the revision v9'),
    });
    await expect(download('../etc')).rejects.toThrow('names no model on the Hub');
    hub.models['ada/old'] = {
      revisions: { main: commit },
      files: { 'config.json': Buffer.from('{}'), 'pytorch_model.bin': Buffer.from('x') },
    };
    await expect(download('ada/old')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/only as pytorch_model\.bin.*could run code/),
    });
    const { id } = await download('ada/tiny');
    await expect(download('ada/tiny')).rejects.toThrow('has that commit of ada/tiny already, under the name "ada/tiny"');
    await settled(id);
    await hub.close();
    await expect(download('ada/tiny')).rejects.toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('ECONNREFUSED') });
  });

  it('is read with a token that is neither stored nor shown to the storage', async () => {
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    hub.models['ada/tiny'] = { revisions: { main: commit }, files, access: { token: 'hf_secret' } };
    const { id } = await studio.baseModels.download(owner, tiny);
    expect(await settled(id)).toMatchObject({ state: 'READY' });
    for (const { place: where, authorization } of hub.requests)
      expect(authorization).toBe(where === 'hub' ? 'Bearer hf_secret' : undefined);
    const stored = [await studio.prisma.baseModel.findMany(), await studio.prisma.auditEntry.findMany()];
    expect(JSON.stringify(stored)).not.toContain('hf_secret');
  });

  it('lies there once for all projects, until the last one deletes it', async () => {
    const first = await studio.baseModels.download(owner, tiny);
    await settled(first.id);
    const theirs = member('EDITOR', other);
    const before = asked(weights).length;
    const second = await studio.baseModels.download(theirs, { ...tiny, projectId: other });
    const ready = await settled(second.id, theirs);
    expect(ready).toMatchObject({ state: 'READY', path: path.join(folder, 'models/.hub/ada--tiny', commit) });
    expect(asked(weights).length).toBe(before);
    await studio.baseModels.delete(owner, first.id);
    // Whatever is looked after has been looked after when another download is here.
    hub.models['ada/next'] = { revisions: { main: 'd'.repeat(40) }, files };
    await settled((await studio.baseModels.download(owner, { ...tiny, hubId: 'ada/next' })).id);
    expect(await filesOf(ready.path)).toEqual(Object.keys(files).sort());
    await studio.baseModels.delete(theirs, second.id);
    await until(
      () => filesOf(path.join(folder, 'models/.hub')),
      (names) => !names.includes('ada--tiny'),
    );
  });
});

describe('a folder of the server', () => {
  const register = (viewer: Viewer, given: string, name?: string) =>
    studio.baseModels.register(viewer, { projectId: defaultProjectId, path: given, name });

  it('is registered by administrators, and stays when it is deleted here', async () => {
    const { id, name, path: registered } = await register(owner, model);
    expect([name, registered]).toEqual(['model', model]);
    await expect(register(owner, model)).rejects.toThrow('There is a base model named "model" in this project already');
    await studio.baseModels.delete(owner, id);
    expect(await studio.baseModels.find(owner, id)).toBeNull();
    expect(await filesOf(model)).toEqual(Object.keys(files).sort());
  });

  it('is refused when it is none that can be read, or not for everybody', async () => {
    await fs.mkdir(path.join(folder, 'empty'));
    await expect(register(owner, '/no/such/folder')).rejects.toMatchObject({ issues: [{ path: 'path' }] });
    await expect(register(owner, data)).rejects.toThrow('There is no folder');
    await expect(register(owner, path.join(folder, 'empty'))).rejects.toThrow('has no config.json');
    await expect(register(owner, model, 'bundled')).rejects.toMatchObject({ issues: [{ path: 'name' }] });
    await expect(register(member('EDITOR'), model)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('administrators'),
    });
    await expect(register(member('EDITOR'), 'models/../tiny/model')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(register(member('VIEWER'), model)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(register(member('OWNER', other), model)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is there for everybody in DATA_DIR/models, and registered by any editor', async () => {
    await fs.mkdir(path.join(folder, 'models/.hidden'), { recursive: true });
    await fs.symlink(model, path.join(folder, 'models/mine'));
    const listed = await studio.baseModels.list(member('VIEWER', other));
    expect(listed.map(({ id }) => id)).toEqual(['bundled', 'models/mine']);
    await expect(studio.baseModels.trainingFolder(owner, 'models/mine')).rejects.toThrow('Register it');
    await expect(studio.baseModels.delete(owner, 'models/mine')).rejects.toMatchObject({ code: 'CONFLICT' });
    const { id } = await register(member('EDITOR'), 'models/mine', 'Mine');
    expect(await studio.baseModels.trainingFolder(member('EDITOR'), id)).toEqual({ projectId: defaultProjectId, path: model });
  });

  it('is seen by its project alone, and shown with what is wrong with it', async () => {
    const { id } = await register(owner, model);
    expect(await studio.baseModels.find(member('OWNER', other), id)).toBeNull();
    await expect(studio.baseModels.trainingFolder(member('OWNER', other), id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(studio.baseModels.delete(member('OWNER', other), id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(studio.baseModels.delete(member('VIEWER'), id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await fs.rm(path.join(model, 'tokenizer.json'));
    expect(await studio.baseModels.find(owner, id)).toMatchObject({ problem: expect.stringContaining('tokenizer.json') });
    await expect(studio.baseModels.trainingFolder(owner, id)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('is not deleted while a run starts from it', async () => {
    const { id } = await register(owner, model);
    const run = await studio.runs.start(owner, { baseModelId: id, config: { data: { path: data, maxLength: 64 } } });
    expect(run).toMatchObject({ baseModelId: id, config: { model: { base: model } } });
    await expect(studio.baseModels.delete(owner, id)).rejects.toThrow('starts from "model" and has not ended');
    await studio.prisma.run.update({ where: { id: run.id }, data: { state: 'CANCELLED' } });
    await studio.baseModels.delete(owner, id);
  });

  it('says which ways of training fit into this machine, the smaller the less memory', async () => {
    const [bundled] = await studio.baseModels.list(owner);
    const fits = bundled ? await studio.baseModels.fits(bundled) : [];
    expect(fits[0]).toMatchObject({ device: 'cpu', index: null, missing: null });
    for (const { methods, available } of fits) {
      expect(methods.map(({ trainable, storage }) => `${trainable} ${storage}`)).toEqual([
        'lora float32',
        'lora float16',
        'lora bfloat16',
        'lora int8',
        'lora nf4',
        'full float32',
      ]);
      const lora = methods.slice(0, 5).map(({ memory }) => memory);
      expect(lora).toEqual([...lora].sort((a, b) => b - a));
      expect(methods[5]?.memory).toBeGreaterThan(lora[0] ?? Infinity);
      for (const { memory, fits: does } of methods) expect(does).toBe(memory <= available);
    }
  });
});
