import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { providerProgram } from './index.ts';

it('serves as a program of its own until its standard input ends', async () => {
  const options = { protocol: 'openai', models: { slow: { text: 'one two', pieceDelayMilliseconds: 1 }, busy: { failure: 'overloaded' } } };
  const program = spawn(process.execPath, ['--import', 'tsx', providerProgram, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = z.tuple([z.string()]).parse(await once(createInterface(program.stdout), 'line'));
  const { url, pid } = z.object({ url: z.url(), pid: z.int() }).parse(JSON.parse(line));
  expect(pid).toBe(program.pid);
  const ask = (model: string) =>
    fetch(`${url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hi' }] }) });
  expect(await (await ask('slow')).json()).toMatchObject({ choices: [{ message: { content: 'one two' } }] });
  expect((await ask('busy')).status).toBe(503);
  program.stdin.end();
  expect(await once(program, 'exit')).toEqual([0, null]);
});
