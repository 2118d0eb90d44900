import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio({ environment: { UPLOAD_LIMIT_BYTES: '2000000' } });
});
afterAll(() => studio.close());

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const protocol = { 'tus-resumable': '1.0.0' };

interface Announced {
  __typename: string;
  data: { id: string; url: string; offset: number };
  message: string;
  code: string;
  issues: { path: string }[];
}

async function announce(input: { fileName?: string; bytes: number; sha256?: string }): Promise<Announced> {
  const { data } = await studio.send<{ createUpload: Announced }>(
    `mutation ($input: CreateUploadInput!) { createUpload(input: $input) {
      __typename
      ... on CreateUploadSuccess { data { id url offset } }
      ... on Error { message code }
      ... on InvalidInput { issues { path } }
    } }`,
    { input: { fileName: 'rows.jsonl', purpose: 'DATASET', ...input } },
  );
  return data.createUpload;
}

const addressOf = ({ data }: Announced): string => studio.url + data.url;

const send = (address: string, offset: number, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(address, {
    method: 'PATCH',
    headers: { ...protocol, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset), ...headers },
    body,
  });

const head = (address: string): Promise<Response> => fetch(address, { method: 'HEAD', headers: protocol });

async function stateOf({ data }: Announced): Promise<{ isFinished: boolean; offset: number; sha256: string } | null> {
  const answer = await studio.send<{ upload: { isFinished: boolean; offset: number; sha256: string } | null }>(
    'query ($id: ID!) { upload(id: $id) { isFinished offset sha256 } }',
    { id: data.id },
  );
  return answer.data.upload;
}

/** Sends some bytes of a longer body and then cuts the connection, once the server has them. */
async function sendAndCut(address: string, body: Uint8Array, sent: number): Promise<void> {
  const { hostname, port, pathname, search } = new URL(address);
  const request = http.request({
    hostname,
    port,
    path: pathname + search,
    method: 'PATCH',
    headers: { ...protocol, 'content-type': 'application/offset+octet-stream', 'upload-offset': 0, 'content-length': body.length },
  });
  request.on('error', () => undefined);
  request.write(body.subarray(0, sent));
  while (Number((await head(address)).headers.get('upload-offset')) < sent) await pause(5);
  request.destroy();
}

describe('an upload', () => {
  it('goes on where it was cut, and is whole then', async () => {
    const body = randomBytes(300_000);
    const upload = await announce({ bytes: body.length, sha256: sha256(body) });
    const address = addressOf(upload);
    await sendAndCut(address, body, 150_000);
    const where = await head(address);
    expect(where.headers.get('upload-offset')).toBe('150000');
    expect(where.headers.get('upload-length')).toBe('300000');
    expect(await stateOf(upload)).toMatchObject({ isFinished: false });
    const rest = await send(address, 150_000, body.subarray(150_000));
    expect([rest.status, rest.headers.get('upload-offset')]).toEqual([204, '300000']);
    expect(await stateOf(upload)).toEqual({ isFinished: true, offset: 300_000, sha256: sha256(body) });
  });

  it("is what another's client makes of it", async () => {
    const body = randomBytes(500_000);
    const upload = await announce({ bytes: body.length });
    await new Promise<void>((resolve, reject) => {
      new Upload(body, { uploadUrl: addressOf(upload), chunkSize: 70_000, onSuccess: () => resolve(), onError: reject }).start();
    });
    expect(await stateOf(upload)).toMatchObject({ isFinished: true, sha256: sha256(body) });
  });

  it('with another checksum than announced is refused and removed', async () => {
    const body = randomBytes(1000);
    const upload = await announce({ bytes: body.length, sha256: sha256(randomBytes(1000)) });
    const answer = await send(addressOf(upload), 0, body);
    expect(answer.status).toBe(460);
    expect(await answer.json()).toMatchObject({ errors: [{ message: expect.stringContaining('SHA-256') }] });
    expect(await stateOf(upload)).toBeNull();
    expect((await head(addressOf(upload))).status).toBe(404);
    expect(await readdir(path.join(studio.studio.config.dataFolder, 'uploads'))).not.toContain(databaseId(upload));
  });

  it('is refused when it is larger than the limit, or than announced', async () => {
    expect(await announce({ bytes: 2_000_001 })).toMatchObject({
      __typename: 'LimitExceeded',
      message: expect.stringContaining('2000000'),
    });
    const upload = await announce({ bytes: 10 });
    expect((await send(addressOf(upload), 0, randomBytes(11))).status).toBe(413);
    expect((await head(addressOf(upload))).headers.get('upload-offset')).toBe('0');
  });

  it('takes bytes at its own place only', async () => {
    const upload = await announce({ bytes: 10 });
    expect((await send(addressOf(upload), 5, randomBytes(5))).status).toBe(409);
    expect((await send(addressOf(upload), 0, randomBytes(5))).status).toBe(204);
    expect((await send(addressOf(upload), 0, randomBytes(5))).status).toBe(409);
  });

  it('sent by two at once is not mixed up', async () => {
    const body = randomBytes(400_000);
    const upload = await announce({ bytes: body.length, sha256: sha256(body) });
    const address = addressOf(upload);
    const answers = await Promise.allSettled([send(address, 0, body), send(address, 0, body)]);
    const statuses = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.status : 'cut'));
    expect(statuses.filter((status) => ![204, 409, 'cut'].includes(status))).toEqual([]);
    const { headers } = await head(address);
    const offset = Number(headers.get('upload-offset'));
    if (offset < body.length) expect((await send(address, offset, body.subarray(offset))).status).toBe(204);
    expect(await stateOf(upload)).toMatchObject({ isFinished: true, sha256: sha256(body) });
  });

  it('cannot be given the name of a path', async () => {
    for (const fileName of ['../../etc/passwd', 'a/b.jsonl', 'C:\\rows.csv', '..', '', 'a\u0000b']) {
      expect(await announce({ bytes: 1, fileName })).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'fileName' }] });
    }
    expect(await announce({ bytes: 1.5 })).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'bytes' }] });
    expect(await announce({ bytes: 1, sha256: 'xyz' })).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'sha256' }] });
  });

  it('needs an address that was made here and has not expired', async () => {
    const upload = await announce({ bytes: 10 });
    const other = await announce({ bytes: 10 });
    const forged = addressOf(upload).replace(/signature=.{4}/, 'signature=AAAA');
    const exchanged = addressOf(upload).replace(databaseId(upload), databaseId(other));
    const later = addressOf(upload).replace(/expires=\d+/, 'expires=9999999999');
    const expired = studio.url + studio.studio.links.toUpload(databaseId(upload), new Date(Date.now() - 1000));
    for (const address of [forged, exchanged, later, expired, addressOf(upload).split('?')[0] ?? '']) {
      expect((await send(address, 0, randomBytes(10))).status).toBe(403);
      expect((await head(address)).status).toBe(403);
    }
    expect((await head(addressOf(upload))).headers.get('upload-offset')).toBe('0');
  });

  it('is swept when it has expired', async () => {
    const upload = await announce({ bytes: 10 });
    await send(addressOf(upload), 0, randomBytes(5));
    await studio.studio.uploads.sweep(new Date(Date.now() + 49 * 3600 * 1000));
    expect((await head(addressOf(upload))).status).toBe(404);
    expect(await readdir(path.join(studio.studio.config.dataFolder, 'uploads'))).not.toContain(databaseId(upload));
  });

  it('can be given up, by the API and by its address', async () => {
    const cancelled = await announce({ bytes: 10 });
    const { data } = await studio.send('mutation ($id: ID!) { cancelUpload(input: { uploadId: $id }) { __typename } }', {
      id: cancelled.data.id,
    });
    expect(data).toEqual({ cancelUpload: { __typename: 'CancelUploadSuccess' } });
    expect((await head(addressOf(cancelled))).status).toBe(404);
    const dropped = await announce({ bytes: 10 });
    expect((await fetch(addressOf(dropped), { method: 'DELETE', headers: protocol })).status).toBe(204);
    expect(await stateOf(dropped)).toBeNull();
  });

  it('says what is missing in a request', async () => {
    const address = addressOf(await announce({ bytes: 10 }));
    const body = randomBytes(10);
    expect((await fetch(address, { method: 'PATCH', body })).status).toBe(412);
    expect((await send(address, 0, body, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send(address, 0, body, { 'upload-offset': '-1' })).status).toBe(400);
    expect((await fetch(address, { method: 'GET' })).status).toBe(405);
    const options = await fetch(address, { method: 'OPTIONS' });
    expect(options.headers.get('tus-version')).toBe('1.0.0');
  });
});

describe('a slow sender', () => {
  it('of an upload is waited for, of anything else not', async () => {
    const impatient = await openStudio({ limits: { requestSeconds: 0.5 } });
    const { port } = new URL(impatient.url);
    const post = http.request({
      port,
      path: '/graphql',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 100 },
    });
    const isCut = new Promise<boolean>((resolve) => post.once('error', () => resolve(true)).once('response', () => resolve(false)));
    post.write('{"query":');
    const { uploads, identity, links } = impatient.studio;
    const viewer = await identity.viewerOf({ address: '127.0.0.1' });
    const [projectId = ''] = viewer?.roles.keys() ?? [];
    const upload = await uploads.create(viewer!, { projectId, fileName: 'slow', bytes: 10, purpose: 'DATASET' });
    const headers = { ...protocol, 'content-type': 'application/offset+octet-stream', 'upload-offset': 0, 'content-length': 10 };
    const patch = http.request({ port, path: links.toUpload(upload.id, upload.expiresAt), method: 'PATCH', headers });
    const answer = new Promise<number | undefined>((resolve, reject) =>
      patch.once('response', ({ statusCode }) => resolve(statusCode)).once('error', reject),
    );
    patch.write('01234');
    expect(await isCut).toBe(true);
    await pause(600);
    patch.end('56789');
    expect(await answer).toBe(204);
    await impatient.close();
  });
});

const databaseId = ({ data }: Announced): string => Buffer.from(data.id, 'base64').toString().split(':')[1] ?? '';
