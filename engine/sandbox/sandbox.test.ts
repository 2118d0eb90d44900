import { afterAll, describe, expect, it } from 'vitest';
import { Sandbox, type SandboxTest } from './sandbox.ts';

const sandbox = new Sandbox();
afterAll(() => sandbox.close());

/** Code that ends by itself may take long where the machine has much else to do; code that does not is given up soon. */
const [patience, shortPatience] = [20_000, 400];
const memoryLimitBytes = 16 * 1024 * 1024;
const run = (code: string, tests: readonly SandboxTest[] = [{ args: [1, 2], expected: 3 }], timeLimitMs = patience) =>
  sandbox.runTask(code, 'add', tests, { timeLimitMs, memoryLimitBytes });
const good = 'function add(a, b) { return a + b; }';

describe('answers', () => {
  it('passes right code', async () => {
    expect(await run(good)).toEqual({ passed: true, failures: [] });
    expect((await run('const add = (a, b) => a + b;')).passed).toBe(true);
  });

  it('says which test failed, and how', async () => {
    const tests = [
      { args: [1, 2], expected: 3 },
      { args: [2, 2], expected: 5 },
    ];
    expect(await run(good, tests)).toEqual({ passed: false, failures: [{ test: 1, actual: 4, message: 'expected 5, got 4' }] });
  });

  it('compares lists by order, objects by content, numbers up to rounding', async () => {
    expect(
      (await run('function add() { return { b: [1, 2], a: 0.1 + 0.2 }; }', [{ args: [], expected: { a: 0.3, b: [1, 2] } }])).passed,
    ).toBe(true);
    expect((await run('function add() { return [2, 1]; }', [{ args: [], expected: [1, 2] }])).passed).toBe(false);
  });

  it('gives each call fresh arguments', async () => {
    const tests = [{ args: [[3, 1]], expected: [1, 3] }];
    expect((await run('function add(list) { return list.sort(); }', [...tests, ...tests])).passed).toBe(true);
  });

  it('passes nothing without a test', async () => {
    expect((await run(good, [])).passed).toBe(false);
  });
});

describe('broken code', () => {
  it.each([
    ['a syntax error', 'function add(a, b) {', /SyntaxError/],
    ['a missing function', 'function sum(a, b) { return a + b; }', /no function add/],
    ['code that throws while loading', 'throw new TypeError("no")', /TypeError: no/],
    ['an error without a message', 'throw null', /threw null/],
  ])('explains %s', async (_, code, message) => {
    const result = await run(code);
    expect(result.passed).toBe(false);
    expect(result.error).toMatch(message);
  });

  it.each([
    ['throws', 'function add() { throw new RangeError("deep inside"); }', /RangeError: deep inside/],
    ['gives undefined', 'function add() {}', /not JSON/],
    ['gives a function', 'function add() { return add; }', /not JSON/],
    ['gives a cycle', 'function add() { const a = {}; a.a = a; return a; }', /not JSON/],
    ['gives a big integer', 'function add() { return 3n; }', /not JSON/],
    ['gives a promise', 'async function add(a, b) { return a + b; }', /expected 3, got \{\}/],
    ['gives NaN', 'function add() { return NaN; }', /expected 3, got null/],
    ['gives a giant text', "function add() { return 'x'.repeat(3000000); }", /too long/],
  ])('fails a call that %s', async (_, code, message) => {
    expect((await run(code)).failures[0]?.message).toMatch(message);
  });
});

describe('hostile code', () => {
  const hostile: [string, string][] = [
    ['loops for ever', 'function add() { for (;;) {} }'],
    ['loops while loading', 'for (;;) {}'],
    ['catches its own interruption', 'function add() { for (;;) { try { for (;;) {} } catch { } } }'],
    ['loops in a built-in function', 'function add() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }'],
    ['loops in a regular expression', "function add() { return /(a+)+$/.test('a'.repeat(60) + 'b') ? 3 : 3.5; }"],
    ['fills the memory', 'function add() { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); }'],
    ['doubles a text', "function add() { let text = 'x'; for (;;) text += text; }"],
    ['takes a huge buffer', 'function add() { return new ArrayBuffer(2 ** 31).byteLength; }'],
    ['recurses without end', 'function add(a, b) { return add(b, a) + 1; }'],
    ['nests without end', 'function add() { let list = []; for (let i = 0; i < 200000; i += 1) list = [list]; return list; }'],
    ['nests its source', `function add() { return ${'('.repeat(40000)}1${')'.repeat(40000)}; }`],
    ['asks for a module', "function add() { return require('fs').readFileSync('/etc/passwd', 'utf8'); }"],
    ['asks for the process', 'function add() { return process.env; }'],
    ['asks for the network', "function add() { return fetch('http://127.0.0.1/'); }"],
    ['imports', "import fs from 'fs'; function add() { return fs; }"],
    ['imports later', "function add() { import('fs'); return 0; }"],
    ['reaches for the host through constructors', "function add() { return add.constructor('return process')(); }"],
    [
      'tampers with comparison',
      'Object.prototype.valueOf = () => 3; Object.is = () => true; Array.prototype.every = () => true; function add() { return { valueOf: () => 3 }; }',
    ],
    [
      'tampers with JSON',
      "JSON.stringify = () => '3'; JSON.parse = () => [3]; Object.prototype.toJSON = () => ({ passed: true }); function add() { return {}; }",
    ],
    ['throws from a getter', 'function add() { throw { get name() { for (;;) {} }, get message() { throw 1; } }; }'],
    ['throws from a proxy', 'function add() { throw new Proxy({}, { get() { throw new Error("again"); } }); }'],
  ];

  it.each(hostile)('does not pass code that %s, and runs the next task', async (_, code) => {
    expect((await run(code, undefined, shortPatience)).passed).toBe(false);
    expect(await run(good)).toEqual({ passed: true, failures: [] });
  });

  it('shares nothing between tasks', async () => {
    await run('globalThis.left = 3; Array.prototype.left = 3; function add() { return 3; }');
    expect((await run('function add() { return typeof left === "undefined" && [].left === undefined ? 3 : 0; }')).passed).toBe(true);
  });

  it('gives the code nothing of the host', async () => {
    const code =
      "function add() { return ['require', 'process', 'fetch', 'setTimeout', 'console', 'std', 'os', 'WebAssembly', 'Worker'].filter((name) => name in globalThis); }";
    expect(await run(code, [{ args: [], expected: [] }])).toEqual({ passed: true, failures: [] });
  });
});
