import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';

const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'guard-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/**
 * A process that has Node's internals in its hands before it is guarded, as code would that finds a way to them which nobody knows of. It
 * says what each function gives afterwards: `got`, or what it was refused with.
 */
const withInternals = `
import fs from 'node:fs';
import net from 'node:net';
import { guard } from ${JSON.stringify(path.join(import.meta.dirname, 'guard.ts'))};

function reach(named) {
  const symbols = Object.getOwnPropertySymbols(net.BlockList.prototype);
  const [clone, deserialize] = ['clone', 'deserialize'].map((word) => symbols.find(({ description }) => description === 'messaging_' + word + '_symbol'));
  let found;
  Object.defineProperty(Object.prototype, deserialize, { configurable: true, get() { found ??= this.constructor; } });
  const message = new net.BlockList();
  Object.defineProperty(message, clone, { value: () => ({ data: {}, deserializeInfo: named }) });
  try { structuredClone(message); } catch {}
  delete Object.prototype[deserialize];
  return found;
}
const outcomes = {};
const attempt = async (name, attempted) => {
  try {
    const got = await attempted();
    outcomes[name] = typeof got === 'number' && got < 0 ? 'refused ' + got : 'got ' + JSON.stringify(got ?? null);
  } catch (error) {
    outcomes[name] = 'refused ' + (error.code ?? error.message);
  }
};
const say = () => fs.writeSync(1, JSON.stringify(outcomes));

const internalBinding = reach('internal/bootstrap/realm:internalBinding');
outcomes.before = typeof internalBinding;
const { pid } = JSON.parse(fs.readFileSync(new URL('./input.json', import.meta.url), 'utf8'));
const outside = process.argv[2];
const [fsBinding, processes, messaging] = ['fs', 'process_methods', 'messaging'].map((name) => internalBinding(name));
if (outside === 'keep') for (const name of Object.keys(messaging)) if (name.startsWith('setDeserializerCreate')) messaging[name] = () => undefined;
const channel = new net.Socket({ fd: 3 });
try {
  await guard({ isNetworkAllowed: false, channel });
} catch (error) {
  outcomes.notGuarded = error.message;
  say();
  process.exit(0);
}
await attempt('the way itself', () => reach('internal/bootstrap/realm:internalBinding') ?? -1);
await attempt('a file', () => fsBinding.internalModuleReadJSON?.(outside)?.length || -1);
await attempt('a state', () => Math.min(fsBinding.internalModuleStat(outside), fsBinding.internalModuleStat(fsBinding, outside)));
await attempt('a package', () => internalBinding('modules').readPackageJSON?.(outside, false) ?? -1);
await attempt('a link', () => fsBinding.realpath(outside));
await attempt('a signal', () => processes._kill(pid, 0));
await attempt('a debugger', () => processes._debugProcess(pid));
await attempt('an addon', () => processes.dlopen({ exports: {} }, outside));
await attempt('another folder', () => processes.chdir('/'));
await attempt('an option of V8', () => internalBinding('v8').setFlagsFromString('--stack-size=900'));
await attempt('a process', () => internalBinding('spawn_sync').spawn({ file: '/bin/true', args: ['true'], stdio: [] }));
await attempt('another process', () => { const { Process } = internalBinding('process_wrap'); return new Process().spawn({ file: '/bin/true', args: ['true'], stdio: [] }); });
await attempt('another user', () => internalBinding('credentials').setuid(process.getuid()));
await attempt('a priority', () => internalBinding('os').setPriority(pid, 19, {}));
await attempt('compiled code', () => typeof new (internalBinding('contextify').ContextifyScript)('1', 'x', 0, 0, undefined, false, undefined));
await attempt('an inspector', () => typeof new (internalBinding('inspector').Connection)(() => undefined));
await attempt('a report', () => internalBinding('report').getReport());
await attempt('a name', () => { const names = internalBinding('cares_wrap'); return names.getaddrinfo(new names.GetAddrInfoReqWrap(), 'localhost', 0, 0, 0); });
await attempt('a connection', () => { const { TCP, TCPConnectWrap } = internalBinding('tcp_wrap'); return new TCP(0).connect(new TCPConnectWrap(), '127.0.0.1', 1); });
await attempt('a unix socket', () => { const { Pipe, PipeConnectWrap } = internalBinding('pipe_wrap'); return new Pipe(0).connect(new PipeConnectWrap(), '/socket', () => undefined) ?? 0; });
await attempt('a datagram', () => { const { UDP } = internalBinding('udp_wrap'); return new UDP().bind('127.0.0.1', 0, 0); });
await attempt('the closing undone', () => (messaging.setDeserializerCreateObjectFunction ?? messaging.setDeserializerCreateFunction)(() => undefined));
await attempt('use: a map', () => [...structuredClone(new Map([['a', new Date(0)]]))]);
await attempt('use: an error', () => structuredClone(new TypeError('x')).message);
await attempt('use: bytes', () => [...structuredClone(new Uint8Array([1, 2]))]);
await attempt('use: a port', () => new Promise((resolve) => {
  const [outer, inner] = [new MessageChannel(), new MessageChannel()];
  outer.port2.on('message', ({ port }) => { port.on('message', (text) => { outer.port1.close(); port.close(); resolve(text); }); });
  outer.port1.postMessage({ port: inner.port2 }, [inner.port2]);
  inner.port1.postMessage('through');
}));
await attempt('use: a response', async () => { const response = new Response('text'); return [await response.clone().text(), await response.text()]; });
await attempt('use: a response of a stream', async () => {
  const response = new Response(new Blob(['of a stream']).stream().pipeThrough(new TransformStream()));
  return [await response.clone().text(), await response.text()];
});
await attempt('use: a reader', () => { new ReadableStream().getReader().releaseLock(); return 'released'; });
await attempt('use: a blob', () => new Blob(['a', 'b']).text());
await attempt('use: a request', () => new Request('http://localhost', { method: 'POST', body: 'sent' }).clone().text());
await attempt('use: an end', () => { const ending = new AbortController(); ending.abort(); return ending.signal.reason.name; });
say();
process.exit(0);
`;

const program = path.join(folder, 'program.mjs');

beforeAll(async () => {
  await build({
    stdin: { contents: withInternals, resolveDir: import.meta.dirname },
    ...{ outfile: program, bundle: true, platform: 'node', format: 'esm', target: 'node20.19', logLevel: 'silent' },
  });
});

async function run(outside: string): Promise<Record<string, string>> {
  fs.writeFileSync(path.join(folder, 'input.json'), JSON.stringify({ pid: process.pid }));
  const permission = Number(process.versions.node.split('.')[0]) >= 24 ? '--permission' : '--experimental-permission';
  const readable = [program, path.join(folder, 'input.json')].map((file) => `--allow-fs-read=${file}`);
  const child = spawn(process.execPath, [permission, ...readable, '--no-warnings', program, outside], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  let said = '';
  child.stdout?.on('data', (data) => (said += String(data)));
  await new Promise((resolve) => child.once('close', resolve));
  return z.record(z.string(), z.string()).parse(JSON.parse(said));
}

it('cuts the native functions themselves, for code that has them in its hands', async () => {
  const outside = path.join(folder, 'secret.json');
  fs.writeFileSync(outside, '{"name":"of-the-studio"}');
  const { before, ...outcomes } = await run(outside);
  expect(before).toBe('function');
  const isUse = (name: string) => name.startsWith('use: ');
  const uses = Object.entries(outcomes).filter(([name]) => isUse(name));
  const tried = Object.entries(outcomes).filter(([name]) => !isUse(name));
  expect(tried.length).toBeGreaterThan(15);
  expect(tried.filter(([, outcome]) => !outcome.startsWith('refused'))).toEqual([]);
  expect(Object.fromEntries(uses)).toEqual({
    'use: a map': 'got [["a","1970-01-01T00:00:00.000Z"]]',
    'use: an error': 'got "x"',
    'use: bytes': 'got [1,2]',
    'use: a port': 'got "through"',
    'use: a response': 'got ["text","text"]',
    'use: a response of a stream': 'got ["of a stream","of a stream"]',
    'use: a reader': 'got "released"',
    'use: a blob': 'got "ab"',
    'use: a request': 'got "sent"',
    'use: an end': 'got "AbortError"',
  });
});

it('fails where the way to the internals cannot be closed', async () => {
  const { notGuarded } = await run('keep');
  expect(notGuarded).toContain('plugins cannot be held on this version of Node');
});
