import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../logger.ts';
import { Bus } from '../streams/bus.ts';
import { temporaryFolder, until } from '../testing/studio.ts';
import { InstalledPlugins } from './installed-plugins.ts';
import { PluginDecisions } from './plugin-decisions.ts';

/* Two servers on one database: what is decided on one holds on the other. */

const manifest = { name: 'echo', version: '1.0.0', kit: '^1.0.0', kind: 'tool', description: 'Echoes', author: 'Tests' };
const source = (word: string) => `
import { defineTool, z } from '@anneal/plugins/kit';
export default defineTool({
  settings: z.object({ end: z.string().default('.') }),
  input: z.object({ text: z.string() }),
  output: z.string(),
  execute: ({ text }, { settings }) => '${word} ' + text + settings.end,
});`;

/** What is built once does for all. */
const cache = temporaryFolder();
afterAll(() => fs.rm(cache, { recursive: true, force: true }));

let folder: string;
let prisma: PrismaClient;
let bus: Bus;
let decisions: PluginDecisions;
const open: InstalledPlugins[] = [];

beforeEach(async () => {
  folder = temporaryFolder();
  await write('you said');
  prisma = await openDatabase(await testDatabase(folder));
  bus = new Bus();
  decisions = new PluginDecisions(prisma, randomBytes(32));
});
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
  await prisma.$disconnect();
  await fs.rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function write(word: string, change: Record<string, string> = {}): Promise<void> {
  const place = path.join(folder, 'plugins', 'echo');
  await fs.mkdir(place, { recursive: true });
  await fs.writeFile(path.join(place, 'plugin.json'), JSON.stringify({ ...manifest, ...change }));
  await fs.writeFile(path.join(place, 'main.ts'), source(word));
}

async function server(own: PluginDecisions = decisions): Promise<InstalledPlugins> {
  const installed = new InstalledPlugins({
    places: { builtIn: path.join(folder, 'none'), others: path.join(folder, 'plugins') },
    cacheFolders: { builtIn: cache, others: cache },
    logger: createLogger('silent'),
    variable: () => undefined,
    foldersFor: async () => [],
    decisions: own,
    bus,
  });
  await installed.open();
  open.push(installed);
  return installed;
}

const echo = (installed: InstalledPlugins) => {
  const plugin = installed.find('echo');
  if (!plugin) throw new Error('it is not there');
  return plugin;
};
const say = (installed: InstalledPlugins) => echo(installed).call('execute', { text: 'hi' }, { signal: new AbortController().signal });

/** As the service does it. */
async function decide(installed: InstalledPlugins, change: Parameters<PluginDecisions['write']>[2]): Promise<void> {
  await prisma.$transaction((transaction) => decisions.write(transaction, echo(installed).found, change, 'somebody'));
  await installed.decided('echo');
}

describe('plugins on two servers', () => {
  it('are enabled, set and disabled on both', async () => {
    const [one, other] = [await server(), await server()];
    await expect(say(other)).rejects.toMatchObject({ code: 'STOPPED' });
    await decide(one, { isEnabled: true });
    await until(async () => echo(other).isUsable, Boolean);
    expect([await say(one), await say(other)]).toEqual(['you said hi.', 'you said hi.']);
    await decide(other, { settings: { end: '!' } });
    await until(async () => echo(one).decision.settings.end, Boolean);
    expect([await say(one), await say(other)]).toEqual(['you said hi!', 'you said hi!']);
    await decide(other, { isEnabled: false });
    await until(
      async () => echo(one).status.state,
      (state) => state === 'DISABLED',
    );
    await expect(say(one)).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('are loaded anew on both', async () => {
    const [one, other] = [await server(), await server()];
    await decide(one, { isEnabled: true });
    const before = echo(other);
    await write('you cried');
    await one.reload('echo');
    await until(async () => echo(other) !== before, Boolean);
    expect([await say(one), await say(other)]).toEqual(['you cried hi.', 'you cried hi.']);
    await fs.rm(path.join(folder, 'plugins', 'echo'), { recursive: true });
    await other.reload();
    expect(other.find('echo')).toBeUndefined();
    await until(
      async () => one.find('echo'),
      (plugin) => plugin === undefined,
    );
  });

  it('look into the database when messages were lost', async () => {
    const one = await server();
    await prisma.$transaction((transaction) => decisions.write(transaction, echo(one).found, { isEnabled: true }, 'somebody'));
    bus.topic('plugin').publish('*');
    await until(async () => echo(one).isUsable, Boolean);
  });
});

describe('a plugin', () => {
  it('whose settings cannot be read is disabled, and keeps no studio from starting', async () => {
    const one = await server();
    await decide(one, { isEnabled: true, settings: { end: '!' } });
    const other = await server(new PluginDecisions(prisma, randomBytes(32)));
    expect(echo(other).status).toMatchObject({ state: 'DISABLED', problems: [expect.stringContaining('plugins.key')] });
  });

  it('that takes the name of another one inherits nothing of it', async () => {
    const one = await server();
    await decide(one, { isEnabled: true, isNetworkAllowed: true, settings: { end: '!' } });
    await write('you said', { version: '2.0.0' });
    await one.reload('echo');
    expect(await say(one)).toBe('you said hi!');
    await write('you said', { author: 'Somebody Else' });
    await one.reload('echo');
    expect(echo(one).decision).toMatchObject({ isEnabled: false, isNetworkAllowed: false, settings: {} });
    expect(echo(one).status.problems).toEqual([expect.stringContaining('Somebody Else')]);
    await decide(one, { isNetworkAllowed: true });
    expect(echo(one).decision).toMatchObject({ isEnabled: false, isNetworkAllowed: false });
    await decide(one, { isEnabled: true, settings: {}, isNetworkAllowed: false });
    expect(await say(one)).toBe('you said hi.');
  });

  it('keeps answering calls that began before it was changed, and takes the change for the next one', async () => {
    const one = await server();
    await decide(one, { isEnabled: true });
    const before = [say(one), say(one), say(one)];
    await decide(one, { settings: { end: '?' } });
    expect(await say(one)).toBe('you said hi?');
    for (const answer of await Promise.all(before)) expect(answer).toMatch(/^you said hi[.?]$/);
  });
});
