import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandFailed } from './command.mjs';
import { adoptInstall, install, isInstalled } from './install.mjs';

let root: string;

const write = (file: string, content: unknown) => {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), JSON.stringify(content));
};
const lock = (packages: Record<string, object>) => ({ name: 'house', lockfileVersion: 3, requires: true, packages });

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-install-'));
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

describe('install', () => {
  it('installs what the lock names, once, and again when the lock changes', async () => {
    write('package.json', { name: 'house', version: '1.0.0', workspaces: ['room'] });
    write('room/package.json', { name: 'room', version: '1.0.0' });
    const packages = {
      '': { name: 'house', version: '1.0.0', workspaces: ['room'] },
      'node_modules/room': { resolved: 'room', link: true },
      room: { version: '1.0.0' },
    };
    write('package-lock.json', lock(packages));
    expect(isInstalled(root)).toBe(false);
    await install(root);
    expect(isInstalled(root)).toBe(true);
    expect(fs.realpathSync(path.join(root, 'node_modules/room'))).toBe(fs.realpathSync(path.join(root, 'room')));
    write('package-lock.json', { ...lock(packages), requires: false });
    expect(isInstalled(root)).toBe(false);
  });

  it('leaves no stamp when npm fails, and hands out what npm said', async () => {
    write('package.json', { name: 'house', version: '1.0.0' });
    write('package-lock.json', lock({ '': { name: 'house', version: '1.0.0' } }));
    await install(root);
    expect(isInstalled(root)).toBe(true);
    write('package.json', { name: 'house', version: '1.0.0', dependencies: { missing: '1.0.0' } });
    const failure = await install(root).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailed);
    expect(failure instanceof CommandFailed && failure.output).toContain('missing@1.0.0');
    expect(isInstalled(root)).toBe(false);
  });
});

describe('adoptInstall', () => {
  const tool = { version: '1.2.0', integrity: 'sha512-a' };

  it('takes over an install by hand that agrees with the lock', () => {
    write(
      'package-lock.json',
      lock({ '': {}, 'node_modules/tool': tool, 'node_modules/tool-for-other-systems': { version: '1.2.0', optional: true } }),
    );
    write('node_modules/.package-lock.json', lock({ 'node_modules/tool': tool }));
    expect(adoptInstall(root)).toBe(true);
    expect(isInstalled(root)).toBe(true);
  });

  it.each([
    ['is not there', undefined],
    ['misses a package', {}],
    ['has another version', { 'node_modules/tool': { ...tool, version: '1.1.0' } }],
    ['was made for another system', { 'node_modules/tool': tool, 'node_modules/native': { version: '1.0.0', os: ['plan9'] } }],
  ])('refuses one that %s', (_what, present) => {
    write(
      'package-lock.json',
      lock({ '': {}, 'node_modules/tool': tool, 'node_modules/native': { version: '1.0.0', optional: true, os: ['plan9'] } }),
    );
    if (present) write('node_modules/.package-lock.json', lock(present));
    expect(adoptInstall(root)).toBe(false);
    expect(isInstalled(root)).toBe(false);
  });
});
