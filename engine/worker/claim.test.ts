import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim, readOwner } from './claim.ts';
import { currentProcess, isRunning } from './process-identity.ts';

let folder: string;
let file: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-claim-'));
  file = path.join(folder, 'worker.json');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true });
});

const claimIn = (file: string) =>
  `import { claim } from ${JSON.stringify(path.join(import.meta.dirname, 'claim.ts'))};
   try { claim(${JSON.stringify(file)}, () => 'taken'); console.log('mine'); setInterval(() => {}, 1000); }
   catch (error) { console.log(error.code); }`;

/** Another process that tries to take the file; says `mine` and stays, or the code of the error. */
async function contender(): Promise<{ child: ChildProcess; says: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', claimIn(file)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [says] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, says: says.toString().trim() };
}

describe('claim', () => {
  it('counts attempts and tells who has it', () => {
    const owner = claim(file, () => 'taken');
    expect(owner).toMatchObject({ pid: process.pid, attempt: 1 });
    expect(() => claim(file, ({ pid }) => `taken by ${pid}`)).toThrow(`taken by ${process.pid}`);
    expect(readOwner(file)).toEqual(owner);
  });

  it('passes from a killed process to exactly one of many', async () => {
    const first = await contender();
    expect(first.says).toBe('mine');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const answers = await Promise.all(Array.from({ length: 4 }, contender));
    expect(answers.map(({ says }) => says).sort()).toEqual(['RUN_FOLDER_BUSY', 'RUN_FOLDER_BUSY', 'RUN_FOLDER_BUSY', 'mine']);
    expect(readOwner(file)?.attempt).toBe(2);
    expect(fs.readdirSync(folder)).toEqual(['worker.json']);
  });

  it('does not take a later process with the same number for the owner', () => {
    const owner = { ...currentProcess(), start: 'an earlier start', attempt: 3, since: 0 };
    fs.writeFileSync(file, JSON.stringify(owner));
    expect(isRunning(owner)).toBe(fs.existsSync('/proc') ? false : true);
    if (fs.existsSync('/proc')) expect(claim(file, () => 'taken').attempt).toBe(4);
  });

  it('takes a claim file over that is damaged', () => {
    fs.writeFileSync(file, '{"pid":');
    expect(claim(file, () => 'taken').attempt).toBe(1);
  });
});
