import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { nodeArguments } from '@anneal/engine';
import { afterEach, beforeEach, expect } from 'vitest';

const root = path.join(import.meta.dirname, '../..');

/** A way for the tests of a file to start the studio as a program. Each test has a folder of its own, and leaves no process. */
export function studioProgram() {
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'anneal-start-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns listening: the address, once it answers there; exited: its exit code */
  function start(environment: Record<string, string>, options: string[] = ['--no-quickstart']) {
    const child = spawn(process.execPath, [...nodeArguments, 'api/main.ts', ...options], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: path.join(folder, 'data'), PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    const exited = once(child, 'close').then(([code]) => Number(code));
    const listening = async () => {
      await expect.poll(() => output.stdout, { timeout: 55_000 }).toMatch(/Web +http:\/\/localhost:\d+/);
      return /Web +(http:\/\/localhost:\d+)/.exec(output.stdout)?.[1] ?? '';
    };
    return { child, output, exited, listening };
  }

  return { start, folder: () => folder };
}
