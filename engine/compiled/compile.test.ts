import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeArguments } from './node-arguments.ts';

let folder: string;
beforeEach(() => (folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-compiled-')))));
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
  // What was compiled here is of no use any more.
  const programs = path.join(import.meta.dirname, '../.cache/programs');
  const mine = fs.readdirSync(programs).filter((name) => name.includes(path.basename(folder)));
  for (const name of mine) fs.rmSync(path.join(programs, name));
});

const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArguments, path.join(folder, 'program.ts'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

it('runs TypeScript with its arguments, and knows where it lies', () => {
  write(
    'program.ts',
    `import { told } from './told.ts';\nconsole.log(told(process.argv.slice(2)), import.meta.dirname, import.meta.filename);\n`,
  );
  write('told.ts', `export const told = (words: string[]): string => words.join('+');\n`);
  expect(run('a', 'b')).toEqual({ status: 0, stderr: '', stdout: `a+b ${folder} ${path.join(folder, 'program.ts')}\n` });
});

it('sees that a source has changed', () => {
  write('program.ts', `import { word } from './word.ts';\nconsole.log(word);\n`);
  for (const word of ['one', 'two', 'three']) {
    write('word.ts', `export const word: string = '${word}';\n`);
    // The first time it is compiled, the second time it is there.
    for (let time = 0; time < 2; time++) expect(run().stdout).toBe(`${word}\n`);
  }
});

it('names the places in the sources where something goes wrong', () => {
  write('program.ts', `interface Nothing {}\n\nfunction fail(): Nothing {\n  throw new TypeError('on purpose');\n}\nfail();\n`);
  const { status, stderr } = run();
  expect(status).toBe(1);
  expect(stderr).toMatch(/TypeError: on purpose\n +at fail \(.*program\.ts:4:\d+\)/);
});

it('loads the package that lies beside a source, not another one of that name', () => {
  // There is a zod that goes into what is compiled, and a commander that is loaded from where it is installed.
  for (const name of ['zod', 'commander']) {
    const place = path.join(folder, 'node_modules', name);
    fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(path.join(place, 'package.json'), '{"type":"module","exports":"./index.js"}');
    fs.writeFileSync(path.join(place, 'index.js'), `export const own = 'own ${name}';`);
  }
  write('package.json', '{"type":"module"}');
  write('program.ts', `import * as zod from 'zod';\nimport * as commander from 'commander';\nconsole.log(zod.own, commander.own);\n`);
  expect(run()).toEqual({ status: 0, stderr: '', stdout: 'own zod own commander\n' });
});

it('leaves what cannot be compiled to say itself what is wrong', () => {
  write('program.ts', `const half = ;\n`);
  const { status, stderr } = run();
  expect(status).toBe(1);
  expect(stderr).toMatch(/program\.ts:1\b/);
});
