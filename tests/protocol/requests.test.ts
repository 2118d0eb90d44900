import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

/** `fetch` sets Host and Origin itself; this does not. */
function get(
  pathname: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    http
      .get(new URL(pathname, studio.url.replace('localhost', '127.0.0.1')), { headers }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      })
      .on('error', reject);
  });
}

describe('requests that must not come in', () => {
  it('are those under a foreign name (DNS rebinding)', async () => {
    for (const pathname of ['/graphql?query={__typename}', '/', '/health']) {
      const { status, body } = await get(pathname, { host: 'evil.example' });
      expect(status).toBe(403);
      expect(body).toContain('ALLOWED_HOSTS');
    }
    expect((await get('/health', { host: '127.0.0.1' })).status).toBe(200);
  });

  it('are those from pages of other sites', async () => {
    const { status, body, headers } = await get('/graphql?query={__typename}', { host: 'localhost', origin: 'https://evil.example' });
    expect(status).toBe(403);
    expect(body).toContain('ALLOWED_ORIGINS');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each([{ host: 'evil.example' }, { origin: 'https://evil.example' }])('are WebSocket upgrades with %o', async (headers) => {
    const socket = new WebSocket(`${studio.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    const status = await new Promise((resolve) =>
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode)).once('open', () => resolve('open')),
    );
    expect(status).toBe(403);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'are POSTs of %s, which other sites can send unasked',
    async (contentType) => {
      const response = await fetch(`${studio.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: '{"query":"{__typename}"}',
      });
      expect(response.status).toBe(415);
      expect(await response.text()).toContain('application/json');
    },
  );

  it('are mutations by GET', async () => {
    const { status } = await get('/graphql?query=mutation{createExperiment(input:{name:"x"}){__typename}}', { host: 'localhost' });
    expect(status).toBe(405);
  });
});

describe('pages of another site that is listed', () => {
  const origin = 'https://lab.example';
  let other: TestStudio;
  beforeAll(async () => {
    other = await openStudio({ allowedOrigins: [origin] });
  });
  afterAll(() => other.close());

  it('may ask beforehand, send credentials and read answers, refusals too', async () => {
    const preflight = await fetch(`${other.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, content-type' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    for (const authorization of [undefined, 'Bearer nonsense']) {
      const answer = await fetch(`${other.url}/graphql?query={__typename}`, {
        headers: { origin, accept: 'application/json', ...(authorization && { authorization }) },
      });
      expect(answer.status).toBe(authorization ? 401 : 200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id');
      expect(answer.headers.get('vary')).toContain('origin');
    }
  });

  it('of other ones still may not', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const preflight = await fetch(`${other.url}/graphql`, { method: 'OPTIONS', headers });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });
});

describe('answers', () => {
  it('carry security headers and a request id', async () => {
    for (const pathname of ['/graphql?query={__typename}', '/', '/health']) {
      const { headers } = await get(pathname, { host: 'localhost', accept: 'application/json' });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    }
  });

  it('tell health', async () => {
    expect((await get('/health', { host: 'localhost' })).body).toBe('{"status":"ok"}');
  });

  it('bring a GraphiQL that needs no other server', async () => {
    const { status, headers, body } = await get('/graphql', { host: 'localhost', accept: 'text/html' });
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toContain("connect-src 'self'");
    expect(body).not.toMatch(/<(script|link)[^>]+(src|href)="https?:/);
    expect(body).toContain('YogaGraphiQL.renderYogaGraphiQL');
  });

  it('say what to do about the missing web client', async () => {
    const { status, body } = await get('/', { host: 'localhost', accept: 'text/html' });
    expect(status).toBe(503);
    expect(body).toContain('npm start');
  });
});
