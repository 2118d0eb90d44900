import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { nodeArguments } from '@anneal/engine';
import { type HubServer, startHubServer } from '@anneal/engine/testing';
import { type DatasetVersion, openDatabase, type Role, type UploadPurpose } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Viewer } from '../access/viewer.ts';
import { Conflict, Forbidden, Invalid, NotFound } from '../errors.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder, until } from '../testing/studio.ts';
import type { VersionSource } from './version-input.ts';

const other = 'other';
const studioProgram = path.join(import.meta.dirname, '../testing/studio-process.ts');
const member = (role: Role, projectId = defaultProjectId): Viewer => ({
  ...owner,
  isAdministrator: false,
  credential: { kind: 'session', sessionId: 'one' },
  roles: new Map([[projectId, role]]),
});

const rowsOf = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${JSON.stringify({ instruction: `Q ${index}`, output: `Answer ${index}` })}\n`).join('');

let hub: HubServer;
let web: http.Server;
let webUrl: string;
let folder: string;
let studio: Studio;
let datasetId: string;

beforeAll(async () => {
  hub = await startHubServer();
  vi.stubEnv('HF_ENDPOINT', hub.url);
  vi.stubEnv('HF_TOKEN', '');
  web = http.createServer((_request, response) => response.end(rowsOf(7)));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}/rows.jsonl`;
  folder = temporaryFolder();
  studio = await open();
  await studio.prisma.project.create({ data: { id: other, name: 'Other' } });
});
afterAll(async () => {
  await studio.close();
  await hub.close();
  web.close();
  vi.unstubAllEnvs();
  cleanUp(folder);
});
beforeEach(async ({ task }) => {
  datasetId = (await studio.datasets.create(owner, { projectId: defaultProjectId, name: task.name.slice(0, 100) })).id;
});

const open = (): Promise<Studio> =>
  openStudio(
    folder,
    { launcher: idleLauncher, allowLoopbackUrls: true },
    { ENCRYPT_FILES: 'true', ALLOWED_URL_HOSTS: new URL(webUrl).host },
  );

async function upload(text: string, viewer = owner, purpose: UploadPurpose = 'DATASET'): Promise<string> {
  const bytes = Buffer.from(text);
  const { id } = await studio.uploads.create(viewer, { projectId: defaultProjectId, fileName: 'rows.jsonl', bytes: bytes.length, purpose });
  const body = async function* () {
    yield bytes;
  };
  await studio.uploads.receive(id, 0, body(), () => undefined);
  return id;
}

const add = async (source: VersionSource, viewer = owner): Promise<DatasetVersion> =>
  (await studio.datasetVersions.add(viewer, { datasetId, source })).version;

const checked = ({ id }: Pick<DatasetVersion, 'id'>): Promise<DatasetVersion> =>
  until(
    () => studio.prisma.datasetVersion.findUniqueOrThrow({ where: { id } }),
    ({ state }) => state !== 'CHECKING',
  );

const addRows = async (count: number): Promise<DatasetVersion> => checked(await add({ upload: { uploadId: await upload(rowsOf(count)) } }));

/** A run that waits, or has ended, with a version. */
const runWith = (datasetVersionId: string, state: 'QUEUED' | 'COMPLETED') =>
  studio.prisma.run.create({
    data: {
      id: 'run',
      name: 'Run 1',
      project: { connect: { id: defaultProjectId } },
      experiment: { create: { id: 'experiment', projectId: defaultProjectId, name: 'Default' } },
      datasetVersion: { connect: { id: datasetVersionId } },
      state,
      config: {},
      summary: {},
    },
  });

describe('who may do what', () => {
  it('strangers to the project find nothing', async () => {
    const { id } = await addRows(3);
    const stranger = member('OWNER', other);
    const uploadId = await upload(rowsOf(1));
    await expect(studio.datasetRows.rows(stranger, id, { offset: 0, limit: 1 })).rejects.toThrow(NotFound);
    await expect(studio.datasetVersions.update(stranger, id, { notes: 'x' })).rejects.toThrow(NotFound);
    await expect(studio.datasetVersions.delete(stranger, id)).rejects.toThrow(NotFound);
    await expect(studio.datasetUse.trainingFile(stranger, id)).rejects.toThrow(NotFound);
    await expect(studio.datasets.delete(stranger, datasetId)).rejects.toThrow(NotFound);
    await expect(add({ upload: { uploadId } }, stranger)).rejects.toThrow(NotFound);
    await expect(studio.uploads.cancel(stranger, uploadId)).rejects.toThrow(NotFound);
    const own = await studio.datasets.create(stranger, { projectId: other, name: 'Mine' });
    const stolen = (source: VersionSource) => studio.datasetVersions.add(stranger, { datasetId: own.id, source });
    await expect(stolen({ upload: { uploadId } })).rejects.toThrow(NotFound);
    await expect(stolen({ version: { versionId: id } })).rejects.toThrow(NotFound);
  });

  it('viewers look and change nothing; an upload is for whoever made it, and for its purpose', async () => {
    const { id } = await addRows(3);
    const viewer = member('VIEWER');
    expect(await studio.datasetRows.rows(viewer, id, { offset: 1, limit: 1 })).toMatchObject([{ row: 2 }]);
    await expect(studio.datasets.create(viewer, { projectId: defaultProjectId, name: 'x' })).rejects.toThrow(Forbidden);
    await expect(studio.datasetVersions.delete(viewer, id)).rejects.toThrow(Forbidden);
    await expect(upload('x', viewer)).rejects.toThrow(Forbidden);
    const editor = { ...member('EDITOR'), userId: 'another' };
    await expect(add({ upload: { uploadId: await upload(rowsOf(1)) } }, editor)).rejects.toThrow(NotFound);
    await expect(add({ upload: { uploadId: await upload(rowsOf(1), owner, 'MODEL') } })).rejects.toThrow(Conflict);
    await expect(add({ path: { path: '/etc/passwd' } }, member('OWNER'))).rejects.toThrow(Forbidden);
  });

  it('an upload that is not whole yet is no version', async () => {
    const { id } = await studio.uploads.create(owner, { projectId: defaultProjectId, fileName: 'a.csv', bytes: 5, purpose: 'DATASET' });
    await expect(add({ upload: { uploadId: id } })).rejects.toThrow(/not whole yet: 0 of 5/);
  });
});

describe('where versions come from', () => {
  it('the Hub, with its splits and at a commit that is kept', async () => {
    const commit = 'd'.repeat(40);
    hub.datasets = {
      'ada/notes': {
        revisions: { main: commit },
        files: {
          'data/train-00000-of-00002.jsonl': Buffer.from(rowsOf(5)),
          'data/train-00001-of-00002.jsonl': Buffer.from(rowsOf(2)),
          'data/validation-00000-of-00001.jsonl': Buffer.from(rowsOf(3)),
        },
      },
    };
    const version = await checked(await add({ hub: { id: 'ada/notes', validationSplit: 'validation' } }));
    expect(version).toMatchObject({
      state: 'READY',
      rows: 7,
      isEncrypted: true,
      source: 'HUB',
      origin: { commit },
      splits: { validationRows: 3 },
    });
    const { data } = await studio.datasetUse.trainingFile(owner, version.id);
    expect((await fs.readdir(data.path)).sort()).toEqual(['00001.jsonl.sealed', '00002.jsonl.sealed', path.basename(data.validationPath)]);
    expect(await fs.readdir(data.validationPath)).toEqual(['00001.jsonl.sealed']);
    expect(data).toMatchObject({ format: 'alpaca', keyFile: path.join(folder, 'keys/files.key') });
    expect(await fs.readdir(path.join(folder, 'imports'))).toEqual([]);
    const missing = await checked(await add({ hub: { id: 'ada/nothing' } }));
    expect(missing).toMatchObject({ state: 'INVALID', problems: [{ message: expect.stringContaining('ada/nothing') }] });
  });

  it('a URL of a host that is allowed; content that was there already is kept once', async () => {
    const first = await checked(await add({ url: { url: webUrl } }));
    expect(first).toMatchObject({ state: 'READY', rows: 7, source: 'URL', bytes: rowsOf(7).length });
    const again = await checked(await add({ url: { url: webUrl } }));
    expect(again).toMatchObject({ state: 'READY', number: 2, contentHash: first.contentHash, path: first.path });
    const folders = await fs.readdir(path.join(folder, 'datasets'));
    expect([folders.includes(first.id), folders.includes(again.id)]).toEqual([true, false]);
    await studio.datasetVersions.delete(owner, first.id);
    expect(await studio.datasetRows.rows(owner, again.id, { offset: 6, limit: 9 })).toHaveLength(1);
    await studio.datasetVersions.delete(owner, again.id);
    expect(await fs.readdir(path.join(folder, 'datasets'))).not.toContain(first.id);
    expect((await addRows(1)).number).toBe(3);
  });
});

describe('training with a version', () => {
  it('is refused while it is being checked, when it is invalid, and when rows of it cannot be used', async () => {
    const invalid = await checked(await add({ upload: { uploadId: await upload('nothing') } }));
    await expect(studio.datasetUse.trainingFile(owner, invalid.id)).rejects.toThrow(Invalid);
    const partly = await checked(await add({ upload: { uploadId: await upload(`${rowsOf(2)}{}\n`) } }));
    await expect(studio.datasetUse.trainingFile(owner, partly.id)).rejects.toThrow(/1 row that cannot be used/);
    expect(await studio.datasetUse.trainingFile(owner, partly.id, 'skip')).toMatchObject({ projectId: defaultProjectId });
    await studio.prisma.datasetVersion.update({
      where: { id: partly.id },
      data: { state: 'CHECKING', checkedUntil: new Date(Date.now() + 1e6) },
    });
    await expect(studio.datasetUse.trainingFile(owner, partly.id, 'skip')).rejects.toThrow(Conflict);
    // Not even its state is told to strangers.
    await expect(studio.datasetUse.rowSource(owner, partly.id)).rejects.toThrow(Conflict);
    await expect(studio.datasetUse.rowSource(member('OWNER', other), partly.id)).rejects.toThrow(
      `There is no dataset version ${partly.id}.`,
    );
  });

  it('keeps it from being deleted until the run has ended; a run does not begin with one that is gone', async () => {
    const { id } = await addRows(2);
    await studio.prisma.$transaction((transaction) => studio.datasetUse.hold(transaction, id));
    await runWith(id, 'QUEUED');
    await expect(studio.datasetVersions.delete(owner, id)).rejects.toThrow(/Run 1/);
    await expect(studio.datasets.delete(owner, datasetId)).rejects.toThrow(Conflict);
    await studio.prisma.run.update({ where: { id: 'run' }, data: { state: 'COMPLETED' } });
    await studio.datasetVersions.delete(owner, id);
    await expect(studio.prisma.$transaction((transaction) => studio.datasetUse.hold(transaction, id))).rejects.toThrow(Conflict);
    expect(await studio.prisma.run.findUniqueOrThrow({ where: { id: 'run' } })).toMatchObject({ datasetVersionId: null });
  });
});

describe('what goes wrong', () => {
  it('a check that was interrupted begins again', async () => {
    const version = await add({ upload: { uploadId: await upload(rowsOf(50)) } });
    await studio.close();
    const killed = spawn(process.execPath, [...nodeArguments, studioProgram, folder, '{}'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const database = await openDatabase(studio.config.databaseUrl);
    const isTaken = await until(
      () => database.datasetVersion.findUniqueOrThrow({ where: { id: version.id } }),
      ({ checkedUntil, state }) => checkedUntil !== null || state !== 'CHECKING',
    );
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    await database.$disconnect();
    expect(isTaken).toMatchObject({ state: 'CHECKING', statistics: null });
    studio = await open();
    expect(await checked(version)).toMatchObject({ state: 'READY', rows: 50 });
  });

  it('a file that was changed on the disk is found out', async () => {
    const version = await addRows(3);
    const file = path.join(folder, version.path, '00001.jsonl.sealed');
    const bytes = await fs.readFile(file);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    await fs.writeFile(file, bytes);
    await expect(studio.datasetRows.rows(owner, version.id, { offset: 0, limit: 1 })).rejects.toThrow(/changed or cut off/);
  });

  it('an upload that a server left in the middle goes on in the next one, encrypted too', async () => {
    const bytes = Buffer.from(rowsOf(5000));
    const { id } = await studio.uploads.create(owner, {
      projectId: defaultProjectId,
      fileName: 'a.jsonl',
      bytes: bytes.length,
      purpose: 'DATASET',
    });
    const body = async function* (from: number, to: number) {
      yield bytes.subarray(from, to);
    };
    expect(await studio.uploads.receive(id, 0, body(0, 150_000), () => undefined)).toEqual({ state: 'OPEN', offset: 150_000 });
    await studio.close();
    studio = await open();
    const { offset } = await studio.uploads.status(id);
    // What did not fill a chunk is sent again.
    expect(offset).toBe(2 * 65536);
    await studio.uploads.receive(id, offset, body(offset, bytes.length), () => undefined);
    const version = await checked(await add({ upload: { uploadId: id } }));
    expect(version).toMatchObject({ state: 'READY', rows: 5000, bytes: bytes.length });
  });
});
