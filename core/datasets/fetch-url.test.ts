import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Invalid, LimitExceeded, Unavailable } from '../errors.ts';
import { checkUrl, fetchUrl, type UrlRules } from './fetch-url.ts';

let port: number;
const asked: string[] = [];
const server = http.createServer((request, response) => {
  const { url = '' } = request;
  asked.push(url);
  const to = new URL(url, 'http://localhost').searchParams.get('to');
  if (to !== null) return void response.writeHead(302, { location: to }).end();
  if (url === '/large') return void response.writeHead(200, { 'content-length': 5000 }).end(Buffer.alloc(5000));
  if (url === '/endless') return endless(response);
  if (url === '/cut') return void response.writeHead(200, { 'content-length': 100 }).write('only a part', () => response.destroy());
  if (url === '/packed') return void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
  if (url === '/none') return void response.writeHead(404).end();
  response.end('some rows');
});

function endless(response: http.ServerResponse): void {
  response.writeHead(200);
  const more = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(1000), () => setImmediate(more));
  };
  more();
}

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const rules = (more: Partial<UrlRules> = {}): UrlRules => ({
  allowedHosts: [`127.0.0.1:${port}`, `localhost:${port}`],
  limitBytes: 4000,
  allowLoopback: true,
  ...more,
});

async function get(path: string, more: Partial<UrlRules> = {}, host = '127.0.0.1'): Promise<string> {
  const parts: Uint8Array[] = [];
  const url = path.includes('://') ? path : `http://${host}:${port}${path}`;
  for await (const part of fetchUrl(url, rules(more), new AbortController().signal)) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('fetching a dataset', () => {
  it('gives what is there, over redirects too', async () => {
    expect(await get('/rows')).toBe('some rows');
    expect(await get(`/go?to=${encodeURIComponent('/rows')}`)).toBe('some rows');
  });

  it('asks no host that is not allowed, also when another one leads there', async () => {
    for (const url of [
      'https://example.com/',
      `http://127.0.0.2:${port}/rows`,
      `http://127.0.0.1:${port + 1}/rows`,
      'ftp://127.0.0.1/x',
      'rows',
    ]) {
      await expect(get(url.includes(':') ? url : `x://${url}`)).rejects.toThrow(Invalid);
    }
    for (const to of [
      'http://169.254.169.254/latest/meta-data',
      'https://example.com/',
      'file:///etc/passwd',
      `http://user:password@127.0.0.1:${port}/rows`,
    ]) {
      await expect(get(`/go?to=${encodeURIComponent(to)}`)).rejects.toThrow(Invalid);
    }
    expect(() => checkUrl('http://EXAMPLE.com:80/a', rules({ allowedHosts: ['example.com'] }))).not.toThrow();
    expect(() => checkUrl('http://example.com:8080/a', rules({ allowedHosts: ['example.com'] }))).toThrow(Invalid);
  });

  it('connects to no private address: neither one that is written, nor one that a name leads to', async () => {
    const before = asked.length;
    await expect(get('/rows', { allowLoopback: false })).rejects.toThrow(/private network/);
    await expect(get('/rows', { allowLoopback: false }, 'localhost')).rejects.toThrow(/private network/);
    for (const host of ['[::1]', '[::ffff:127.0.0.1]', '10.0.0.1', '0x7f.1', '2130706433', '[fe80::1]']) {
      const url = new URL(`http://${host}:${port}/rows`);
      await expect(get(url.href, { allowLoopback: false, allowedHosts: [url.host] }), host).rejects.toThrow(/private network/);
    }
    expect(asked.length).toBe(before);
  });

  it('stops at the limit, announced or not', async () => {
    await expect(get('/large')).rejects.toThrow(LimitExceeded);
    await expect(get('/endless')).rejects.toThrow(LimitExceeded);
  });

  it('says what is in the way', async () => {
    await expect(get('/none')).rejects.toThrow(/answers 404/);
    await expect(get('/cut')).rejects.toThrow(Unavailable);
    await expect(get('/packed')).rejects.toThrow(/packed/);
    const loop = `/go?to=${encodeURIComponent('/go?to=%2Frows')}`;
    expect(await get(loop)).toBe('some rows');
    let deep = '/rows';
    for (let turn = 0; turn < 7; turn++) deep = `/go?to=${encodeURIComponent(deep)}`;
    await expect(get(deep)).rejects.toThrow(/without end/);
  });
});
