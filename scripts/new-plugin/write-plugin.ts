import fs from 'node:fs/promises';
import path from 'node:path';
import { kitVersion, pluginManifest, type PluginKind } from '@anneal/plugins';
import { sources } from './sources.ts';

/**
 * Writes a plugin that works into a folder of its own, for its author to go on from.
 * @param folder of plugins, absolute; made if it is not there
 * @returns the plugin's own folder
 * @throws Error where the name is none, or is taken
 */
export async function writePlugin(folder: string, name: string, kind: PluginKind): Promise<string> {
  const manifest = {
    ...{ name, version: '0.1.0', kit: `^${kitVersion}`, kind },
    ...{ description: `What ${name} does, in a sentence`, author: 'Your name', tags: [], main: 'main.ts' },
  };
  const issue = pluginManifest.safeParse(manifest).error?.issues[0];
  if (issue !== undefined) throw new Error(`the name ${JSON.stringify(name)} ${issue.message}`);
  const own = path.join(folder, name);
  await fs.mkdir(folder, { recursive: true });
  if (
    await fs.access(own).then(
      () => true,
      () => false,
    )
  )
    throw new Error(`${own} is there already: choose another name`);
  await fs.mkdir(own);
  await fs.writeFile(path.join(own, 'plugin.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await fs.writeFile(path.join(own, 'main.ts'), sources[kind]);
  return own;
}
