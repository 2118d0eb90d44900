import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { PluginFailure, PluginFailureCode } from './plugin-failure.ts';
import type { PluginProcess } from './plugin-process.ts';
import { failureOfCall } from './testing/failure-of-call.ts';
import { PluginFolder } from './testing/plugin-folder.ts';

/** What a plugin does to its own process, to its channel and to its answers. Beside all of them one that does nothing wrong goes on working. */
const plugins = new PluginFolder();
let good: PluginProcess;

beforeAll(async () => {
  good = await plugins.open(plugins.writeTool('good', 'return input * 2;'));
  expect(await good.call('execute', 21)).toBe(42);
});

afterAll(async () => {
  expect(await good.call('execute', 4)).toBe(8);
  expect(good.status).toMatchObject({ state: 'READY', starts: 1, failures: 0 });
  await plugins.remove();
});

const limits = { memoryMb: 192, unresponsiveSeconds: 30, timeoutSeconds: 60 };
/** Everything that is needed to write on the channel past the kit. */
const head = `import fs from 'node:fs';
const raw = (text) => { for (let at = 0; at < text.length; ) { try { at += fs.writeSync(3, text.slice(at, at + 65536)); } catch (error) { if (error.code !== 'EAGAIN') throw error; } } };
const rest = new Promise(() => setInterval(() => undefined, 1000));`;

interface Case {
  what: string;
  /** Of `execute`. */
  body: string;
  code: PluginFailureCode;
  message?: RegExp;
  /** Whether its process had to be ended: then the next call starts another. */
  isEnded: boolean;
}

const cases: Case[] = [
  { what: 'throws', body: "throw new TypeError('no')", code: 'THREW', message: /no/, isEnded: false },
  { what: 'throws nothing', body: 'throw undefined', code: 'THREW', isEnded: false },
  {
    what: 'throws something with a hostile message',
    body: "throw Object.defineProperty(new Error(), 'message', { get() { for (;;); } })",
    code: 'NOT_RESPONDING',
    isEnded: true,
  },
  { what: 'exits', body: 'process.exit(7); await rest', code: 'EXITED', message: /code 7/, isEnded: true },
  { what: 'exits past everything', body: 'process.reallyExit(0); await rest', code: 'EXITED', isEnded: true },
  {
    what: 'throws where nobody catches',
    body: "setTimeout(() => { throw new Error('late'); }); await rest",
    code: 'EXITED',
    message: /late/,
    isEnded: true,
  },
  {
    what: 'rejects where nobody looks',
    body: "Promise.reject(new Error('lost')); await rest",
    code: 'EXITED',
    message: /lost/,
    isEnded: true,
  },
  { what: 'loops for ever', body: 'for (;;);', code: 'NOT_RESPONDING', message: /2 s/, isEnded: true },
  { what: 'loops in a regular expression', body: "return /^(a+)+$/.test('a'.repeat(60) + 'b')", code: 'NOT_RESPONDING', isEnded: true },
  { what: 'loops in promises', body: 'for (;;) await null;', code: 'NOT_RESPONDING', isEnded: true },
  { what: 'sleeps', body: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)', code: 'NOT_RESPONDING', isEnded: true },
  { what: 'fills its heap', body: 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))', code: 'MEMORY', isEnded: true },
  {
    what: 'fills buffers little by little',
    body: 'const all = []; for (;;) { try { all.push(Buffer.alloc(1e6, 1)); } catch { } await new Promise((resolve) => setTimeout(resolve, 1)); }',
    code: 'MEMORY',
    isEnded: true,
  },
  {
    what: 'fills the memory of WebAssembly',
    body: 'const all = []; for (;;) { try { const memory = new WebAssembly.Memory({ initial: 160 }); new Uint8Array(memory.buffer).fill(1); all.push(memory); } catch { } await new Promise((resolve) => setTimeout(resolve, 1)); }',
    code: 'MEMORY',
    isEnded: true,
  },
  { what: 'takes a huge buffer', body: 'return Buffer.alloc(4e9, 1).length', code: 'THREW', isEnded: false },
  {
    what: 'floods its standard output',
    body: "for (;;) try { fs.writeSync(1, 'x'.repeat(65536)); } catch { }",
    code: 'OUTPUT_FLOOD',
    isEnded: true,
  },
  {
    what: 'floods its standard error in lines',
    body: "for (;;) await new Promise((resolve) => process.stderr.write('x\\n'.repeat(50_000), resolve));",
    code: 'OUTPUT_FLOOD',
    isEnded: true,
  },
  { what: 'writes no messages', body: "raw('hello\\n'); await rest", code: 'MALFORMED_MESSAGE', isEnded: true },
  { what: 'writes JSON of another form', body: 'raw(\'{"type":"obey"}\\n\'); await rest', code: 'MALFORMED_MESSAGE', isEnded: true },
  {
    what: 'speaks like Node’s own channel',
    body: 'raw(\'{"cmd":"NODE_HANDLE_ACK"}\\n{"cmd":"NODE_HANDLE","type":"__proto__"}\\n\'); await rest',
    code: 'MALFORMED_MESSAGE',
    isEnded: true,
  },
  {
    what: 'nests without end',
    body: "raw('['.repeat(100000) + ']'.repeat(100000) + '\\n'); await rest",
    code: 'RESULT_TOO_LARGE',
    isEnded: true,
  },
  {
    what: 'nests deeper than can be read',
    body: "raw('['.repeat(10000) + ']'.repeat(10000) + '\\n'); await rest",
    code: 'MALFORMED_MESSAGE',
    isEnded: true,
  },
  {
    what: 'sends lists without number for a call that nobody made',
    body: `for (;;) raw('{"type":"result","id":4000,"value":[' + '[],'.repeat(1e6) + '0]}\\n')`,
    code: 'CHANNEL_FLOOD',
    isEnded: true,
  },
  {
    what: 'sends lists without number as its answer',
    body: `for (let id = 0; id < 100; id += 1) raw('{"type":"result","id":' + id + ',"value":[' + '[],'.repeat(1e6) + '0]}\\n'); await rest`,
    code: 'RESULT_TOO_LARGE',
    isEnded: true,
  },
  {
    what: 'says first that it is an answer, and then something else',
    body: `for (let id = 0; id < 100; id += 1) raw('{"type":"result","id":' + id + ',"value":1,"type":"log","level":"info","message":"x"}\\n'); await rest`,
    code: 'MALFORMED_MESSAGE',
    isEnded: true,
  },
  { what: 'writes a line without an end', body: "for (;;) raw('x'.repeat(65536))", code: 'RESULT_TOO_LARGE', isEnded: true },
  {
    what: 'floods its log past the kit',
    body: 'for (;;) raw(\'{"type":"log","level":"info","message":"x"}\\n\'.repeat(1000))',
    code: 'CHANNEL_FLOOD',
    isEnded: true,
  },
  {
    what: 'answers what nobody asked',
    body: 'for (;;) raw(\'{"type":"result","id":4000,"value":1}\\n\'.repeat(1000))',
    code: 'CHANNEL_FLOOD',
    isEnded: true,
  },
  {
    what: 'answers pings that were not sent',
    body: 'for (;;) raw(\'{"type":"pong","id":4000}\\n\'.repeat(1000))',
    code: 'CHANNEL_FLOOD',
    isEnded: true,
  },
  {
    what: 'writes huge lines into its log',
    body: 'for (;;) raw(`{"type":"log","level":"info","message":"x","fields":{"x":"${"x".repeat(2000000)}"}}\\n`)',
    code: 'CHANNEL_FLOOD',
    isEnded: true,
  },
  {
    what: 'answers in pieces where one answer was asked for',
    body: 'raw(\'{"type":"piece","id":1,"value":1}\\n\'); await rest',
    code: 'MALFORMED_MESSAGE',
    isEnded: true,
  },
  {
    what: 'says twice that it is loaded',
    body: 'raw(\'{"type":"loaded","description":{"kind":"tool","settings":{},"methods":{}},"settingsIssues":[]}\\n\'); await rest',
    code: 'MALFORMED_MESSAGE',
    isEnded: true,
  },
  {
    what: 'closes its channel',
    body: 'fs.closeSync(3); for (;;) await new Promise((resolve) => setTimeout(resolve, 5))',
    code: 'EXITED',
    isEnded: true,
  },
  { what: 'gives nothing', body: 'return undefined', code: 'THREW', message: /nothing that JSON can say/, isEnded: false },
  { what: 'gives a function', body: 'return () => 1', code: 'THREW', isEnded: false },
  {
    what: 'gives a circle',
    body: 'const circle = {}; circle.circle = circle; return circle',
    code: 'THREW',
    message: /circular/i,
    isEnded: false,
  },
  { what: 'gives a big integer', body: 'return 3n', code: 'THREW', isEnded: false },
  { what: 'gives too much', body: "return 'x'.repeat(9 * 1024 * 1024)", code: 'RESULT_TOO_LARGE', message: /resultMb/, isEnded: false },
  {
    what: 'gives something from a getter that never ends',
    body: 'return { get value() { for (;;); } }',
    code: 'NOT_RESPONDING',
    isEnded: true,
  },
  { what: 'poisons JSON', body: "JSON.stringify = () => 'poison'; return 1", code: 'MALFORMED_MESSAGE', isEnded: true },
  {
    what: 'poisons the events of its channel',
    body: 'process.removeAllListeners(); for (const handle of process._getActiveHandles()) handle.removeAllListeners?.(); await rest',
    code: 'NOT_RESPONDING',
    isEnded: true,
  },
];

describe('a plugin that', () => {
  it.concurrent.each(cases)('$what is contained ($code)', async ({ what, body, code, message, isEnded }) => {
    const name = what.replaceAll(/[^a-z]+/gi, '-').toLowerCase();
    const told: PluginFailure[] = [];
    const ownLimits = code === 'NOT_RESPONDING' ? { ...limits, unresponsiveSeconds: 2 } : limits;
    const folder = plugins.writeTool(name, `if (input === 'fine') return 'fine'; ${body}`, { head, limits: ownLimits });
    const bad = await plugins.open(folder, { onFailure: (failure) => told.push(failure) });
    const failure = await failureOfCall(bad.call('execute', 'bad'));
    expect(failure).toMatchObject({ name: 'PluginFailure', code, message: expect.stringContaining(name) });
    if (message !== undefined) expect(failure.message).toMatch(message);
    expect(told.map((each) => each.code)).toEqual(isEnded ? [code] : []);
    expect(await bad.call('execute', 'fine')).toBe('fine');
    expect(bad.status).toMatchObject({ state: 'READY', starts: isEnded ? 2 : 1, failures: isEnded ? 1 : 0 });
    await bad.stop();
    expect(await good.call('execute', 2)).toBe(4);
  });
});

describe('a plugin whose module', () => {
  const modules: [string, string, PluginFailureCode, RegExp][] = [
    ['throws', "throw new Error('not today')", 'START_FAILED', /not today/],
    ['exits', 'process.exit(3)', 'EXITED', /code 3/],
    ['loops', 'for (;;);', 'START_TIMEOUT', /3 s/],
    ['waits', 'await new Promise((resolve) => setTimeout(resolve, 60_000))', 'START_TIMEOUT', /3 s/],
    ['exports nothing', 'export const plugin = 1', 'START_FAILED', /export default defineTool/],
    [
      'exports something of its own making',
      "export default { kind: 'tool', settings: {}, methods: { execute: {} } }",
      'START_FAILED',
      /export default/,
    ],
    [
      'is of another kind',
      "import { defineReward } from '@anneal/plugins/kit'; export default defineReward({ score: () => [] })",
      'START_FAILED',
      /tool by its plugin.json.*reward/,
    ],
    ['does not parse', 'export default {', 'SOURCE_INVALID', /main\.mjs:1/],
  ];

  it.concurrent.each(modules)('%s is reported', async (what, text, code, message) => {
    const folder = plugins.write(
      `module-${what.replaceAll(' ', '-')}`,
      { 'main.mjs': text },
      { limits: { ...limits, startSeconds: code === 'START_TIMEOUT' ? 3 : 30 } },
    );
    const bad = await plugins.open(folder);
    const failure = await failureOfCall(bad.start());
    expect(failure).toMatchObject({ code });
    expect(failure.message).toMatch(message);
    expect(bad.status).toMatchObject({ pid: null, failures: 1, lastFailure: { code } });
  });
});

describe('values that come from a plugin', () => {
  it('have no prototypes of their own, and change none', async () => {
    const body = `raw('{"type":"result","id":1,"value":{"__proto__":{"isAdmin":true},"list":[{"\\\\u005f_proto__":{"isAdmin":true}}],"constructor":{"prototype":{"isAdmin":true}}}}\\n'); await rest`;
    const bad = await plugins.open(plugins.writeTool('prototypes', body, { head, limits }));
    const value = await bad.call('execute', null);
    expect(Object.assign({}, value)).not.toHaveProperty('isAdmin');
    expect(JSON.stringify(value)).toBe('{"list":[{}],"constructor":{"prototype":{"isAdmin":true}}}');
    expect({}).not.toHaveProperty('isAdmin');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('are the plugin’s own, whatever it does to what everything is made of', async () => {
    const poison = `Object.prototype.isAdmin = true; Array.prototype.map = () => ['poison']; Promise.prototype.then = ((then) => function (...given) { return then.apply(this, given); })(Promise.prototype.then);
      Object.prototype.toJSON = undefined; String.prototype.slice = () => 'poison'; Error.prepareStackTrace = () => 'poison'; return { answer: 1 };`;
    const bad = await plugins.open(plugins.writeTool('poison', poison, { limits }));
    await bad.call('execute', null).catch(() => undefined);
    expect({}).not.toHaveProperty('isAdmin');
    expect([1, 2].map((each) => each * 2)).toEqual([2, 4]);
    expect(await good.call('execute', 3)).toBe(6);
  });

  it('fit the schema that they were promised by, also past the kit', async () => {
    const main = `import { defineTool, z } from '@anneal/plugins/kit';
      ${head}
      export default defineTool({ input: z.any(), output: z.object({ count: z.int().min(0) }),
        async execute() { raw('{"type":"result","id":1,"value":{"count":"many"}}\\n'); await rest; } });`;
    const bad = await plugins.open(plugins.write('liar', { 'main.mjs': main }, { limits }));
    expect(await failureOfCall(bad.call('execute', null))).toMatchObject({
      code: 'RESULT_INVALID',
      message: expect.stringContaining('count is of type string'),
    });
  });

  it('come in no more pieces than were asked for', async () => {
    const main = `import { defineDatasetSource, z } from '@anneal/plugins/kit';
      ${head}
      export default defineDatasetSource({ input: z.any(),
        async *read() { for (;;) raw('{"type":"piece","id":1,"value":{"row":{}}}\\n'.repeat(100)); } });`;
    const bad = await plugins.open(plugins.write('generous', { 'main.mjs': main }, { kind: 'dataset-source', limits }));
    const read = async () => {
      for await (const _ of bad.stream('read', null)) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    expect(await failureOfCall(read())).toMatchObject({ code: 'CHANNEL_FLOOD' });
  });
});

describe.runIf(process.platform === 'linux')('a plugin that is busy while nobody asks it for anything', () => {
  it.each([
    ['itself', 'const spin = () => { const end = Date.now() + 50; while (Date.now() < end); setImmediate(spin); }; spin(); return 1;'],
    [
      'on other threads',
      "const { pbkdf2 } = await import('node:crypto'); const spin = () => pbkdf2('a', 'b', 1e6, 64, 'sha512', spin); spin(); spin(); spin(); return 1;",
    ],
  ])('%s is ended', async (how, body) => {
    const told: PluginFailureCode[] = [];
    const folder = plugins.writeTool(`busy-${how.replaceAll(' ', '-')}`, body, { limits: { ...limits, unresponsiveSeconds: 1 } });
    const bad = await plugins.open(folder, { onFailure: ({ code }) => told.push(code) });
    await bad.call('execute', null);
    await expect.poll(() => told, { timeout: 20_000 }).toEqual(['PROCESSOR']);
  });
});

describe('calls that are cancelled', () => {
  it('end the process that goes on regardless', async () => {
    const told: PluginFailureCode[] = [];
    const folder = plugins.writeTool('deaf', "if (input === 'fine') return 'fine'; await rest", { head, limits });
    const bad = await plugins.open(folder, { cancelGraceSeconds: 0.2, onFailure: ({ code }) => told.push(code) });
    expect(await failureOfCall(bad.call('execute', null, { timeoutSeconds: 0.2 }))).toMatchObject({ code: 'TIMEOUT' });
    await expect.poll(() => told, { timeout: 20_000 }).toEqual(['IGNORED_CANCEL']);
    expect(await bad.call('execute', 'fine')).toBe('fine');
  });
});

describe('a plugin that fails again and again', () => {
  it('is started again after pauses that grow, and at once when somebody has looked after it', async () => {
    const backOff = { free: 2, firstSeconds: 60, mostSeconds: 100, healthySeconds: 600 };
    const bad = await plugins.open(plugins.writeTool('crashing', "if (input === 'fine') return 'fine'; process.exit(1)", { limits }), {
      backOff,
    });
    for (let time = 0; time < 3; time += 1) expect(await failureOfCall(bad.call('execute', null))).toMatchObject({ code: 'EXITED' });
    expect(bad.status).toMatchObject({ state: 'BACKING_OFF', starts: 3, failures: 3, lastFailure: { code: 'EXITED' } });
    const refused = await failureOfCall(bad.call('execute', 'fine'));
    expect(refused).toMatchObject({ code: 'BACKING_OFF', message: expect.stringMatching(/again in \d+ s/) });
    expect(refused.retryAfterSeconds).toBeGreaterThan(50);
    bad.forgetFailures();
    expect(await bad.call('execute', 'fine')).toBe('fine');
  });
});

describe.runIf(process.platform === 'linux')('the process of a plugin', () => {
  it('has no open file of the studio, no variable of its, and a session of its own', async () => {
    const plain = await plugins.open(plugins.writeTool('plain', 'return 1'), { useNamespaces: false });
    await plain.start();
    const { pid } = plain.status;
    const open = fs
      .readdirSync(`/proc/${pid}/fd`)
      .map((fd) => fs.readlinkSync(path.join(`/proc/${pid}/fd`, fd)).replaceAll(/[^a-z]/gi, ''));
    const harmless = ['devnull', 'socket', 'pipe', 'anoninodeeventpoll', 'anoninodeeventfd', 'anoninodeiouring'];
    expect(open.filter((each) => !harmless.includes(each))).toEqual([]);
    const session = (of: number | null | undefined) => fs.readFileSync(`/proc/${of}/stat`, 'utf8').split(' ')[5];
    expect(session(pid)).not.toBe(session(process.pid));
    expect(fs.readFileSync(`/proc/${pid}/environ`, 'utf8')).toBe('');
  });

  it.each([true, false])('ends with the studio, however that ends and whatever it does (namespaces: %s)', async (useNamespaces) => {
    const folder = plugins.writeTool(`survivor-${useNamespaces}`, 'for (;;);');
    const program = path.join(import.meta.dirname, 'testing', 'host-process.ts');
    const studio = spawn(process.execPath, ['--import', 'tsx', program, folder, plugins.cacheFolder, String(useNamespaces)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const told = await new Promise<string>((resolve) => studio.stdout.once('data', (data: Buffer) => resolve(data.toString())));
    const pids = z.array(z.int().positive()).min(1).parse(JSON.parse(told));
    const isThere = (pid: number) => fs.existsSync(`/proc/${pid}`) && !/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
    expect(pids.filter(isThere)).toEqual(pids);
    studio.kill('SIGKILL');
    await expect.poll(() => pids.filter(isThere), { timeout: 10_000 }).toEqual([]);
  });
});
