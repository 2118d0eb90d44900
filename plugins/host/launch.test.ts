import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, expect, it } from 'vitest';
import { z } from 'zod';
import { pluginLimits } from '../kit/manifest.ts';
import { launch } from './launch.ts';

const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'launch-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Tries what the guard inside would have refused: only the system is left to hold it. */
const bare = `
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import traceEvents from 'node:trace_events';
const input = JSON.parse(fs.readFileSync(new URL('./input.json', import.meta.url), 'utf8'));
const outcomes = {};
const attempt = async (name, attempted) => {
  try { outcomes[name] = (await attempted()) ?? 'done'; } catch (error) { outcomes[name] = error.code ?? error.message; }
};
await attempt('connect', () => new Promise((resolve, reject) => net.connect(input.port, '127.0.0.1').on('connect', () => resolve('connected')).on('error', reject)));
await attempt('signal', () => { process.kill(input.pid, 'SIGUSR2'); });
await attempt('see', () => { process.kill(input.pid, 0); });
await attempt('priority', () => { os.setPriority(input.pid, 19); });
outcomes.environment = Object.keys(process.env);
fs.writeSync(1, JSON.stringify(outcomes));
if (input.last === 'memory') for (const held = []; ; ) held.push(Buffer.alloc(16 * 1024 * 1024, 1));
// Writes a file past the permission model.
const tracing = traceEvents.createTracing({ categories: ['node'] });
tracing.enable();
setTimeout(() => tracing.disable(), 100);
`;

/** Runs it until it ends. @param last what it does after it has printed the outcomes */
async function run(last: 'memory' | 'trace', port: number) {
  const own = path.join(folder, last);
  fs.mkdirSync(own);
  const program = path.join(own, 'bare.mjs');
  fs.writeFileSync(program, bare);
  fs.writeFileSync(path.join(own, 'input.json'), JSON.stringify({ port, pid: process.pid, last }));
  const { command, args, isolation } = await launch({
    ...{ program, readable: [own], isNetworkAllowed: false, mayLoadNativeAddons: false, useNamespaces: true },
    limits: pluginLimits.parse({ memoryMb: 128 }),
  });
  const child = spawn(command, args, { cwd: own, env: {}, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.resume();
  const code = await new Promise((resolve) => child.on('close', resolve));
  const written = fs.readdirSync(own).filter((name) => name.endsWith('.log') && fs.statSync(path.join(own, name)).size > 0);
  return { isolation, code, written, outcomes: z.record(z.string(), z.unknown()).parse(JSON.parse(output)) };
}

it.runIf(process.platform === 'linux')('leaves a program that slipped past Node’s own guard to the kernel', async (test) => {
  const connections: unknown[] = [];
  const server = net.createServer((socket) => connections.push(socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const signals: string[] = [];
  const noted = (signal: string) => signals.push(signal);
  process.on('SIGUSR2', noted);
  const runs = await Promise.all([run('memory', port), run('trace', port)]);
  server.close();
  process.off('SIGUSR2', noted);

  for (const { isolation, code, written, outcomes } of runs) {
    // Ended by the limit of memory, and by that of written bytes.
    expect(code).not.toBe(0);
    expect(written).toEqual([]);
    expect(outcomes.environment).toEqual([]);
    if (isolation !== 'kernel') return test.skip('this system makes no namespaces');
    expect(outcomes).toEqual({
      connect: expect.stringMatching(/^E(NETUNREACH|CONNREFUSED)$/),
      signal: 'ESRCH',
      see: 'ESRCH',
      priority: expect.stringMatching(/SRCH|ERR_SYSTEM_ERROR/),
      environment: [],
    });
  }
  expect(connections).toEqual([]);
  expect(signals).toEqual([]);
});
