import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildPlugin } from './build.ts';
import { loadManifest } from './load-manifest.ts';
import { failureOfCall } from './testing/failure-of-call.ts';
import { PluginFolder } from './testing/plugin-folder.ts';

const plugins = new PluginFolder();
afterAll(() => plugins.remove());

const code =
  "import { defineTool, z } from '@anneal/plugins/kit'; export default defineTool({ input: z.any(), output: z.any(), execute: () => 1 });";
let number = 0;
const nextName = () => `plugin-${(number += 1)}`;

describe('a manifest', () => {
  it('is read, with its defaults', async () => {
    const name = nextName();
    const folder = plugins.write(name, { 'main.mjs': code }, { tags: ['test'] });
    const { manifest, ...rest } = await loadManifest(folder, { isBuiltIn: false });
    expect(rest).toEqual({ folder, isBuiltIn: false });
    expect(manifest).toMatchObject({
      name,
      kind: 'tool',
      tags: ['test'],
      permissions: { network: false, nativeAddons: false, folders: false },
    });
    expect(manifest.limits).toMatchObject({ memoryMb: 512, timeoutSeconds: 60 });
  });

  it.each([
    ['main', { main: '../other/main.mjs' }],
    ['main', { main: '/etc/passwd' }],
    ['main', { main: 'lib/../../main.mjs' }],
    ['main', { main: 'plugin.json' }],
    ['name', { name: 'other' }],
    ['name', { name: '../x' }],
    ['name', { name: 'Upper' }],
    ['version', { version: 'new' }],
    ['kit', { kit: 'whatever' }],
    ['kind', { kind: 'virus' }],
    ['author', { author: 'two\nlines' }],
    ['limits.memoryMb', { limits: { memoryMb: 1 } }],
    ['limits.timeoutSeconds', { limits: { timeoutSeconds: -1 } }],
    ['permissions.network', { permissions: { network: 'yes' } }],
    ['permissions', { permissions: { root: true } }],
    ['permissions.nativeAddons', { permissions: { nativeAddons: true } }],
    ['permissions.folders', { permissions: { folders: true } }],
    ['', { surprise: 1 }],
  ])('with a wrong %s is refused, and says where', async (where, wrong) => {
    const failure = await failureOfCall(loadManifest(plugins.write(nextName(), { 'main.mjs': code }, wrong), { isBuiltIn: false }));
    expect(failure).toMatchObject({ code: 'MANIFEST_INVALID', message: expect.stringContaining('plugin.json of plugin-') });
    expect(failure.issues.map((issue) => issue.path)).toEqual([where]);
  });

  it('for another kit says what to do', async () => {
    const failure = await failureOfCall(
      loadManifest(plugins.write(nextName(), { 'main.mjs': code }, { kit: '^2.0.0' }), { isBuiltIn: false }),
    );
    expect(failure).toMatchObject({
      code: 'KIT_MISMATCH',
      message: expect.stringMatching(/written for version \^2\.0\.0 of the kit.*look for another version/),
    });
  });

  it.each([
    ['that is not there', {}, 'there is none'],
    ['that is no JSON', { 'plugin.json': '{' }, 'it is not JSON'],
    ['that is very long', { 'plugin.json': ' '.repeat(200_000) }, '200000 bytes'],
  ])('%s is refused', async (_, files: Record<string, string>, message) => {
    const folder = path.join(plugins.folder, nextName());
    fs.mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, file), text);
    expect(await failureOfCall(loadManifest(folder, { isBuiltIn: false }))).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('without its main module, or without its folder, is refused', async () => {
    expect(await failureOfCall(loadManifest(plugins.write(nextName(), {}), { isBuiltIn: false }))).toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('main.mjs'),
    });
    expect(await failureOfCall(loadManifest(path.join(plugins.folder, 'nobody'), { isBuiltIn: false }))).toMatchObject({
      code: 'MANIFEST_INVALID',
    });
  });
});

describe('a symbolic link', () => {
  fs.writeFileSync(path.join(plugins.folder, 'secret.json'), '{"secret":"of the studio"}');

  it.each([
    ['to a file outside', '../secret.json', 'leads out of the folder'],
    ['to a folder outside', '/etc', 'leads out of the folder'],
    ['that leads nowhere', 'nothing', 'leads nowhere'],
  ])('%s keeps a plugin from being loaded', async (_, leadsTo, message) => {
    const folder = plugins.write(nextName(), { 'main.mjs': code, 'lib/a.txt': 'a' });
    fs.symlinkSync(leadsTo, path.join(folder, 'lib', 'link'));
    if (leadsTo.startsWith('..')) fs.symlinkSync(`../${leadsTo}`, path.join(folder, 'lib', 'real'));
    const failure = await failureOfCall(loadManifest(folder, { isBuiltIn: false }));
    expect(failure).toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringContaining('lib') });
    expect(failure.message).toMatch(leadsTo.startsWith('..') ? /symbolic link/ : message);
  });

  it('inside the folder is fine', async () => {
    const folder = plugins.write(nextName(), { 'main.mjs': code, 'lib/a.txt': 'a' });
    fs.symlinkSync('a.txt', path.join(folder, 'lib', 'b.txt'));
    await loadManifest(folder, { isBuiltIn: false });
  });

  it('in place of the manifest is refused', async () => {
    const folder = plugins.write(nextName(), { 'main.mjs': code });
    fs.renameSync(path.join(folder, 'plugin.json'), path.join(folder, 'real.json'));
    fs.symlinkSync('real.json', path.join(folder, 'plugin.json'));
    expect(await failureOfCall(loadManifest(folder, { isBuiltIn: false }))).toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

describe('an import', () => {
  const build = async (main: string, files: Record<string, string> = {}) => {
    const folder = plugins.write(nextName(), { 'main.mjs': main, ...files });
    const built = await buildPlugin(await loadManifest(folder, { isBuiltIn: false }), plugins.cacheFolder);
    return fs.readFileSync(built.plugin, 'utf8');
  };

  it.each([
    ['of a file above', "import secret from '../secret.json'; console.log(secret);"],
    ['of a file above, later', "await import('../secret.json');"],
    ['of a pattern above', 'const name = process.argv[2]; await import(`../${name}.json`);'],
    ['of a pattern above that is put together', "const name = process.argv[2]; require('..' + '/' + (/* ) */ name) + '.json');"],
    ['of a pattern above by way of its own folder', 'const name = process.argv[2]; await import(/* ) */ `./a/../../${name}.json`);'],
    ['of a pattern from the root', "const name = process.argv[2]; require('/etc/' + name);"],
    ['of a file above by require', "require('../secret.json');"],
    ['of an absolute path', `import secret from '${plugins.folder}/secret.json'; console.log(secret);`],
    ['of an address of a file', `import secret from 'file://${plugins.folder}/secret.json'; console.log(secret);`],
    ['of an address elsewhere', "import x from 'https://example.org/x.js'; console.log(x);"],
    ['of a package of the studio', "import yaml from 'yaml'; console.log(yaml);"],
    ['of the studio itself', "import x from '@anneal/plugins'; console.log(x);"],
    ['of nothing', "import x from './nothing.mjs'; console.log(x);"],
  ])('%s is refused, and nothing of it is built', async (_, main) => {
    const failure = await failureOfCall(build(main));
    expect(failure).toMatchObject({ code: 'SOURCE_INVALID' });
    expect(failure.message).toMatch(/main\.mjs:1|lies outside/);
    expect(failure.message).not.toContain('of the studio"');
  });

  it('of its own files, its own packages and Node’s modules is fine', async () => {
    const built = await build(
      "import own from './data.json'; import inner from 'inner'; import fs from 'fs'; console.log(own, inner, fs);",
      {
        'data.json': '{"own":"data of its own"}',
        'node_modules/inner/package.json': '{"name":"inner","main":"index.js"}',
        'node_modules/inner/index.js': "module.exports = 'a package of its own';",
      },
    );
    expect(built).toContain('data of its own');
    expect(built).toContain('a package of its own');
    expect(built).toMatch(/from "node:fs"/);
  });

  it.each(['main.mjs', 'part.jsx', 'part.tsx', 'part.cjs', 'part.cts', 'part.css'])('reads no map of sources of %s', async (file) => {
    fs.writeFileSync(
      path.join(plugins.folder, 'outside.map'),
      JSON.stringify({ version: 3, sources: ['secret-source'], names: ['secret-name'], mappings: 'AAAAA', sourcesContent: ['x'] }),
    );
    const note = file.endsWith('.css') ? '/*# sourceMappingURL=../outside.map */' : '//# sourceMappingURL=../outside.map';
    const part = file === 'main.mjs' || file.endsWith('.css') ? '' : 'export const part = 1;';
    const main = file === 'main.mjs' ? `console.log(1);\n${note}` : `import './${file}'; console.log(1);`;
    const built = await build(main, file === 'main.mjs' ? {} : { [file]: `${part}\n${note}` });
    const map = Buffer.from(/base64,(\S+)/.exec(built)?.[1] ?? '', 'base64').toString();
    expect(`${built} ${map}`).not.toMatch(/secret/);
  });

  it('that changes is built anew, and what is the same is kept', async () => {
    const folder = plugins.write(nextName(), {
      'main.mjs': "import { text } from './text.mjs'; console.log(text);",
      'text.mjs': "export const text = 'first';",
    });
    const source = await loadManifest(folder, { isBuiltIn: false });
    const first = await buildPlugin(source, plugins.cacheFolder);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await buildPlugin(source, plugins.cacheFolder)).toEqual(first);
    fs.writeFileSync(path.join(folder, 'text.mjs'), "export const text = 'second';");
    const second = await buildPlugin(source, plugins.cacheFolder);
    expect(second.plugin).not.toBe(first.plugin);
    expect(fs.readFileSync(second.plugin, 'utf8')).toContain('second');
  });
});
