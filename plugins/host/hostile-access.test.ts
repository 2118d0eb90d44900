import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { PluginProcess } from './plugin-process.ts';
import { hostileAccess } from './testing/hostile-access.ts';
import { PluginFolder } from './testing/plugin-folder.ts';

/** What a plugin tries of its own accord: every attempt is real, and so is what it tries to reach. */
const plugins = new PluginFolder();
const secretFile = path.join(plugins.folder, 'secret.json');
const socketPath = path.join(plugins.folder, 'socket');
const target = path.join(plugins.folder, 'target');

let visits = 0;
const visited = (): void => {
  visits += 1;
};
const servers = [http.createServer((_, response) => response.end('hello')), http.createServer((_, response) => response.end('hello'))];
const datagrams = dgram.createSocket('udp4');
let data: Record<string, unknown>;

beforeAll(async () => {
  fs.writeFileSync(secretFile, '{"secret":"of the studio"}');
  fs.writeFileSync(path.join(plugins.folder, 'existing.mjs'), 'export default 1;');
  fs.mkdirSync(path.join(plugins.folder, 'package'));
  fs.writeFileSync(path.join(plugins.folder, 'package', 'package.json'), '{"name":"of-the-studio","type":"module"}');
  fs.mkdirSync(path.join(plugins.folder, 'hostile-kernel-more'));
  fs.mkdirSync(path.join(plugins.folder, 'hostile-node-more'));
  for (const name of ['hostile-kernel-more', 'hostile-node-more'])
    fs.writeFileSync(path.join(plugins.folder, name, 'index.mjs'), 'export default 1;');
  const [tcp, unix] = servers;
  for (const server of servers) server.on('connection', visited);
  await new Promise<void>((resolve) => tcp!.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => unix!.listen(socketPath, resolve));
  await new Promise<void>((resolve) => datagrams.on('message', visited).bind(0, '127.0.0.1', resolve));
  data = {
    secret: secretFile,
    existing: path.join(plugins.folder, 'existing.mjs'),
    packageFolder: path.join(plugins.folder, 'package'),
    sibling: 'secret.json',
    target,
    cacheFolder: plugins.cacheFolder,
    pid: process.pid,
    port: (tcp!.address() as AddressInfo).port,
    udpPort: datagrams.address().port,
    socketPath,
    addon: path.join(plugins.folder, 'addon.node'),
  };
});

afterAll(async () => {
  await plugins.remove();
  datagrams.close();
  for (const server of servers) server.close();
});

const result = z.union([z.object({ got: z.string() }), z.object({ refused: z.string() })]);

describe.each([
  { isolation: 'kernel', useNamespaces: true },
  { isolation: 'node', useNamespaces: false },
])('a hostile plugin held by $isolation', ({ isolation, useNamespaces }) => {
  let hostile: PluginProcess;
  let folder: string;

  beforeAll(async () => {
    folder = plugins.write(`hostile-${isolation}`, { 'main.mjs': hostileAccess });
    hostile = await plugins.open(folder, { useNamespaces });
    await hostile.start();
    if (isolation === 'node') expect(hostile.status.isolation).toBe('node');
  });

  /** Everything of a group, one after the other in the same process. @returns what each of them got */
  async function attempt(group: string): Promise<Record<string, string>> {
    const input = { group, data: { ...data, neighbour: `${folder}-more/index.mjs` } };
    const names = z.array(z.string()).parse(await hostile.call('execute', input));
    expect(names.length).toBeGreaterThan(10);
    const outcomes = await Promise.all(
      names.map(async (name) => [name, result.parse(await hostile.call('execute', { ...input, attempt: name }))] as const),
    );
    return Object.fromEntries(outcomes.map(([name, outcome]) => [name, 'got' in outcome ? `got ${outcome.got}` : 'refused']));
  }

  const all = (outcomes: Record<string, string>, expected: string) =>
    Object.fromEntries(Object.keys(outcomes).map((name) => [name, expected]));

  it('reads nothing but its own folder', async () => {
    const outcomes = await attempt('reading');
    expect(outcomes).toEqual(all(outcomes, 'refused'));
  });

  it('writes nothing, its own folder and what is open included', async () => {
    const before = fs.readdirSync(folder);
    const outcomes = await attempt('writing');
    expect(outcomes).toEqual(all(outcomes, 'refused'));
    expect(fs.readdirSync(folder)).toEqual(before);
    expect(fs.existsSync(target)).toBe(false);
    expect(fs.readFileSync(path.join(folder, 'main.mjs'), 'utf8')).toBe(hostileAccess);
  });

  it('reaches nobody over a network, and can be reached by nobody', async () => {
    const outcomes = await attempt('connecting');
    expect(outcomes).toEqual(all(outcomes, 'refused'));
    expect(visits).toBe(0);
    expect(fs.existsSync(`${socketPath}-own`)).toBe(false);
  });

  it('reaches none of what Node itself is made of, and runs no compiled code', async () => {
    const outcomes = await attempt('internals');
    expect(outcomes).toEqual(all(outcomes, 'refused'));
  });

  it('starts nothing, and has no say over other processes', async () => {
    const outcomes = await attempt('processes');
    expect(outcomes).toEqual(all(outcomes, 'refused'));
    expect(hostile.status).toMatchObject({ state: 'READY', starts: 1, failures: 0 });
  });
});

it('that may use the network connects, and does nothing else', async () => {
  const permissions = { network: true };
  const folder = plugins.write('connected', { 'main.mjs': hostileAccess }, { permissions });
  const connected = await plugins.open(folder, { permissions });
  const attempt = async (name: string) => result.parse(await connected.call('execute', { group: 'connecting', attempt: name, data }));
  expect(await attempt('fetch')).toEqual({ got: '200' });
  expect(await attempt('net')).toEqual({ got: 'connect' });
  for (const name of [
    'a unix socket',
    'a server',
    'an http server',
    'a datagram',
    'a bound datagram socket',
    'inspector',
    'a server on a unix socket',
  ]) {
    expect([name, await attempt(name)]).toEqual([name, { refused: expect.any(String) }]);
  }
});

it('gets no network that its manifest does not ask for, and none that the operator does not allow', async () => {
  const asks = await plugins.open(plugins.write('asks', { 'main.mjs': hostileAccess }, { permissions: { network: true } }));
  const silent = await plugins.open(plugins.write('silent', { 'main.mjs': hostileAccess }), { permissions: { network: true } });
  for (const plugin of [asks, silent]) {
    expect(await plugin.call('execute', { group: 'connecting', attempt: 'fetch', data })).toEqual({ refused: expect.any(String) });
  }
});
