import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serveClient } from './static-client.ts';

let folder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'client-'));
});

afterEach(async () => {
  server?.close();
  await rm(folder, { recursive: true });
});

async function serve(): Promise<(pathname: string, headers?: Record<string, string>) => Promise<Response>> {
  const listening = createServer(serveClient(folder));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (typeof address !== 'object' || !address) throw new Error('not listening');
  return (pathname, headers = {}) => fetch(`http://127.0.0.1:${address.port}${pathname}`, { headers });
}

async function build(): Promise<void> {
  await mkdir(path.join(folder, '_app/immutable'), { recursive: true });
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><script>start()</script><script src="/a.js"></script>');
  await writeFile(path.join(folder, '_app/immutable/a.js'), 'export {}');
  await writeFile(path.join(folder, 'robots.txt'), 'hello');
}

describe('the static client', () => {
  it('serves the page for every address that is no file', async () => {
    await build();
    const get = await serve();
    for (const pathname of ['/', '/runs/abc']) {
      const response = await get(pathname, { accept: 'text/html' });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('start()');
      expect(response.headers.get('cache-control')).toBe('no-cache');
    }
  });

  it('lets only the inline scripts of the page run', async () => {
    await build();
    const get = await serve();
    const policy = (await get('/')).headers.get('content-security-policy');
    expect(policy).toContain(`script-src 'self' 'sha256-${createHash('sha256').update('start()').digest('base64')}';`);
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('states the same policy when the page has not changed', async () => {
    await build();
    const get = await serve();
    const first = await get('/');
    const again = await get('/', { 'if-none-match': first.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
    expect(again.headers.get('content-security-policy')).toBe(first.headers.get('content-security-policy'));
  });

  it('keeps files that are named by their content for ever', async () => {
    await build();
    const get = await serve();
    expect((await get('/_app/immutable/a.js')).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await get('/robots.txt')).headers.get('cache-control')).toBe('no-cache');
    expect((await get('/_app/immutable/gone.js')).status).toBe(404);
  });

  it('says what to do when the client has not been built', async () => {
    const get = await serve();
    const response = await get('/', { accept: 'text/html' });
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('npm start');
    expect((await get('/favicon.ico')).status).toBe(404);
  });
});
