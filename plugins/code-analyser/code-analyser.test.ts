import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { PluginFolder } from '../host/testing/plugin-folder.ts';
import type { PluginProcess } from '../host/index.ts';
import { report } from './report.ts';

/** In its own process, as the studio runs it. */
const plugins = new PluginFolder();
let analyser: PluginProcess;
beforeAll(async () => {
  analyser = await plugins.open(path.join(import.meta.dirname), { isBuiltIn: true });
});
afterAll(() => plugins.remove());

const analyse = async (fileName: string, code: string, rest: object = {}): Promise<z.output<typeof report>> =>
  report.parse(await analyser.call('execute', { code, fileName, ...rest }));

const smellsOf = ({ smells }: z.output<typeof report>): string[] => smells.map(({ rule, line }) => `${line} ${rule}`);

describe('Python', () => {
  const code = `import os, sys
from typing import List as L, Dict
from foo import *

class A(Base, metaclass=M):
    """Doc."""
    def f(self, a, b=[], *, c: "Dict" = {}):
        # TODO: tidy
        for x in a:
            if x and b and c or x:
                try:
                    return eval(x)
                    print(1)
                except:
                    pass
            elif b:
                continue
            else:
                y = 1 if b else 2
        return [z for z in a if z]

async def g(n):
    return g(n - 1) if n else sys.path
`;

  it('is measured', async () => {
    const found = await analyse('a.py', code);
    expect(found.language).toBe('python');
    expect(found.lines).toEqual({ total: 23, code: 20, comment: 1, blank: 2 });
    expect(found.functions).toEqual([
      {
        ...{ name: 'f', kind: 'method', className: 'A', line: 7, endLine: 20, lines: 14, parameters: 3, isAsync: false },
        nesting: 3,
        cyclomatic: 11,
        cognitive: 13,
      },
      {
        ...{ name: 'g', kind: 'function', className: null, line: 22, endLine: 23, lines: 2, parameters: 1, isAsync: true },
        nesting: 1,
        cyclomatic: 2,
        cognitive: 2,
      },
    ]);
    expect(found.classes).toEqual([{ name: 'A', line: 5, endLine: 20, bases: ['Base'], methods: ['f'] }]);
    expect(found.imports.map(({ module, names }) => [module, names.map(({ local }) => local)])).toEqual([
      ['os', ['os']],
      ['sys', ['sys']],
      ['typing', ['L', 'Dict']],
      ['foo', ['*']],
    ]);
    expect(found.complexity).toEqual({ cyclomatic: 12, cognitive: 14, highestCyclomatic: 11, highestCognitive: 13 });
    expect(found.syntaxErrors).toEqual([]);
  });

  it('smells, line by line', async () => {
    expect(smellsOf(await analyse('a.py', code))).toEqual([
      '1 unused-import',
      '2 unused-import',
      '3 star-import',
      '7 high-cyclomatic-complexity',
      '7 mutable-default',
      '7 mutable-default',
      '8 todo',
      '12 eval',
      '13 unreachable-code',
      '14 bare-except',
      '14 empty-catch',
    ]);
  });

  it('takes other thresholds', async () => {
    const found = await analyse('a.py', code, {
      thresholds: { functionLines: 10, parameters: 2, nesting: 2, cognitive: 5, cyclomatic: 100 },
    });
    expect(smellsOf(found).filter((each) => /function|param|nesting|complexity/.test(each))).toEqual([
      '7 long-function',
      '7 many-parameters',
      '7 high-cognitive-complexity',
      '14 deep-nesting',
    ]);
    const message = 'f has 14 lines: split it into functions with a name each (at most 10)';
    expect(found.smells.find(({ rule }) => rule === 'long-function')).toMatchObject({ message, severity: 'warning', line: 7, endLine: 20 });
  });
});

describe('JavaScript', () => {
  const code = `import fs, { readFile as read, stat } from 'node:fs';
import * as all from './all.js';
import './effect.js';
const path = require('path');
export class Cat extends Animal {
  #name = 'cat';
  purr = (loud) => loud ?? this.#name;
  static async speak(a, { b }, ...rest) {
    outer: for (const each of rest) {
      for (;;) { if (each == a && stat) continue outer; }
    }
    try { return read(b); } catch (error) {}
    switch (a) { case 1: break; case 2: debugger; break; default: var x = 1; }
  }
}
const compare = (x) => x != null;
// FIXME: later
`;

  it('is measured, and smells', async () => {
    const found = await analyse('cat.mjs', code);
    expect(
      found.functions.map(({ name, kind, className, parameters, cyclomatic, cognitive }) => [
        name,
        kind,
        className,
        parameters,
        cyclomatic,
        cognitive,
      ]),
    ).toEqual([
      ['purr', 'method', 'Cat', 1, 2, 1],
      // for, for, if, &&, catch, two cases; for 1, for 2, if 3, && 1, jump 1, catch 1, switch 1
      ['speak', 'method', 'Cat', 3, 8, 10],
      ['compare', 'function', null, 1, 1, 0],
    ]);
    expect(found.classes).toMatchObject([{ name: 'Cat', bases: ['Animal'], methods: ['purr', 'speak'] }]);
    expect(found.imports.map(({ module, names }) => [module, names])).toEqual([
      [
        'node:fs',
        [
          { name: 'default', local: 'fs' },
          { name: 'readFile', local: 'read' },
          { name: 'stat', local: 'stat' },
        ],
      ],
      ['./all.js', [{ name: '*', local: 'all' }]],
      ['./effect.js', []],
      ['path', []],
    ]);
    expect(smellsOf(found)).toEqual([
      '1 unused-import',
      '2 unused-import',
      '10 loose-equality',
      '12 empty-catch',
      '13 debugger',
      '13 var-declaration',
      '17 todo',
    ]);
  });
});

describe('TypeScript', () => {
  it('is measured, and smells', async () => {
    const code = `import type { A, B } from './types.ts';
import React from 'react';
export { C } from './c.ts';
interface Named { name: any }
abstract class Thing<T> extends Base<T> implements A, Named {
  constructor(private readonly name: string, other?: number) { super(); }
}
`;
    const found = await analyse('thing.ts', code);
    expect(found.classes).toMatchObject([{ name: 'Thing', bases: ['Base', 'A', 'Named'], methods: ['constructor'] }]);
    expect(found.functions).toMatchObject([{ name: 'constructor', parameters: 2 }]);
    expect(smellsOf(found)).toEqual(['1 unused-import', '2 unused-import', '4 explicit-any']);
    expect(found.syntaxErrors).toEqual([]);
  });

  it('may hold markup', async () => {
    const found = await analyse(
      'page.tsx',
      "import React from 'react';\nexport const Page = ({ name }: { name: string }) => <p>{name}</p>;\n",
    );
    expect(found).toMatchObject({ language: 'typescript', syntaxErrors: [], smells: [], functions: [{ name: 'Page' }] });
  });
});

describe('code that is not right', () => {
  it('is told where it does not fit, and measured as far as it does', async () => {
    const found = await analyse('broken.py', 'def f(:\n    return 1\n\ndef g():\n    return 2\n');
    expect(found.syntaxErrors[0]).toMatchObject({ line: 1 });
    expect(found.functions.map(({ name }) => name)).toContain('g');
  });

  it('may be nothing at all, or nested very deeply', async () => {
    expect(await analyse('empty.js', '')).toMatchObject({ lines: { total: 0, code: 0, comment: 0, blank: 0 }, functions: [], smells: [] });
    const deep = await analyse('deep.js', `const x = ${'['.repeat(20_000)}${']'.repeat(20_000)};`);
    expect(deep.lines.code).toBe(1);
  });

  it('needs a language', async () => {
    const refused = analyser.call('execute', { code: 'x', fileName: 'x.cobol' });
    await expect(refused).rejects.toMatchObject({ code: 'INPUT_INVALID', issues: [{ path: 'language' }] });
    expect(await analyser.call('validate', { code: 'x' })).toMatchObject([
      { path: 'language', message: expect.stringContaining('is missing') },
    ]);
    expect(await analyser.call('validate', { code: 'x', language: 'python' })).toEqual([]);
  });
});
