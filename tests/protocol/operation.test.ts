import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, register } from './people.ts';
import { studioProgram } from './studio-program.ts';
import { openStudio, type TestStudio } from './test-studio.ts';

describe('those who keep the studio running', () => {
  let studio: TestStudio;
  beforeAll(async () => {
    studio = await openStudio();
  });
  afterAll(() => studio.close());

  it('see whether it is there, and whether requests make sense', async () => {
    const { dataFolder } = studio.studio.config;
    expect(await (await fetch(`${studio.url}/health`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`${studio.url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', checks: { database: 'ok', dataFolder: 'ok' } }]);

    await rename(dataFolder, `${dataFolder}-away`);
    const unready = await fetch(`${studio.url}/ready`);
    await rename(`${dataFolder}-away`, dataFolder);
    expect([unready.status, await unready.json()]).toMatchObject([503, { status: 'not ready', checks: { dataFolder: 'failed' } }]);
    expect((await fetch(`${studio.url}/ready`)).status).toBe(200);
  });

  it('see what it does, in the format of Prometheus', async () => {
    await studio.send('query Named { runs { totalCount } }');
    await studio.send('{ node(id: "x", nonsense: 1) { id } }');
    const run = await studio.startRun(1);
    await studio.ended(run);
    const response = await fetch(`${studio.url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    expect(text).toMatch(/^anneal_http_request_duration_seconds_count\{route="\/graphql",method="POST",status="200"\} [1-9]/m);
    expect(text).toMatch(/^anneal_graphql_operation_duration_seconds_count\{kind="query",result="success"\} [1-9]/m);
    expect(text).toMatch(/^anneal_graphql_operation_duration_seconds_count\{kind="mutation",result="success"\} [1-9]/m);
    expect(text).toMatch(/^anneal_runs\{state="COMPLETED"\} 1$/m);
    expect(text).toMatch(/^anneal_websockets 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
  });

  it('find each request in the log by the id that its answer carries, without what may be secret', async () => {
    const before = studio.logged.length;
    const response = await fetch(`${studio.url}/graphql?query={__typename}&secret=hidden`, { headers: { 'x-token': 'hidden' } });
    await response.text();
    const requestId = response.headers.get('x-request-id');
    const lines = () => studio.logged.slice(before).filter(({ message }) => message === 'request');
    await expect.poll(() => lines().length).toBe(1);
    expect(lines()[0]?.details).toMatchObject({ requestId, method: 'GET', path: '/graphql', status: 200, isWhole: true });
    expect(JSON.stringify(lines())).not.toContain('hidden');
  });
});

describe('the figures of a studio with accounts', () => {
  let studio: TestStudio;
  beforeAll(async () => {
    studio = await openStudio({ environment: { ACCOUNTS: 'required', SETUP_CODE: 'a-code-for-the-test' } });
  });
  afterAll(() => studio.close());

  it('are for its administrators, by API key too; others see whether it is well', async () => {
    const administrator = await register(studio, 'ada', 'a-code-for-the-test');
    const key = await apiKey(studio, administrator, { scopes: ['READ'] });
    const user = await register(studio, 'grace');
    const status = async (headers: Record<string, string> = {}) => (await fetch(`${studio.url}/metrics`, { headers })).status;
    expect(await status()).toBe(401);
    expect(await status(user.headers)).toBe(403);
    expect(await status(administrator.headers)).toBe(200);
    expect(await status(key.headers)).toBe(200);
    expect((await fetch(`${studio.url}/ready`)).status).toBe(200);
  });
});

describe('a studio as a process', () => {
  const { start } = studioProgram();
  let collector: Server | undefined;
  afterEach(() => void collector?.close());

  it('writes as much into its log as LOG_LEVEL says, a line of JSON each', async () => {
    const { child, output, listening, exited } = start({ LOG_LEVEL: 'info' });
    await fetch(`${await listening()}/health`);
    await expect.poll(() => output.stderr).toContain('"path":"/health"');
    child.kill('SIGTERM');
    await exited;
    for (const line of output.stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ level: expect.any(Number) });
  });

  it('sends traces to a collector when one is named, below the trace of the caller', async () => {
    const received: string[] = [];
    collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        received.push(body);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const address = collector.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { child, listening, exited } = start({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const query = encodeURIComponent('query Traced { __typename }');
    await (
      await fetch(`${await listening()}/graphql?query=${query}`, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } })
    ).text();
    child.kill('SIGTERM');
    await exited;
    const text = received.join('');
    for (const part of [traceId, '"GET /graphql"', '"query Traced"', '"anneal"']) expect(text).toContain(part);
  });
});
