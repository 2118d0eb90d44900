// A studio in miniature: runs the plugin in the folder it is given, tells the pids of the plugin's processes, and waits.
import fs from 'node:fs';
import process from 'node:process';
import { loadManifest } from '../load-manifest.ts';
import { PluginProcess } from '../plugin-process.ts';

const [, , folder = '', cacheFolder = '', useNamespaces] = process.argv;
const plugin = new PluginProcess({
  source: await loadManifest(folder, { isBuiltIn: false }),
  ...{ cacheFolder, settings: {}, permissions: { network: false }, useNamespaces: useNamespaces === 'true' },
});
await plugin.start();
plugin.call('execute', null).catch(() => undefined);
const { pid } = plugin.status;
const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
console.log(JSON.stringify([pid, ...children]));
