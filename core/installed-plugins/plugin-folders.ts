import fs from 'node:fs/promises';
import path from 'node:path';
import { loadManifest, PluginFailure, type PluginSource } from '@anneal/plugins';

/** A folder that holds a plugin, or was meant to. */
export interface FoundPlugin {
  /** Of the folder. */
  name: string;
  /** Absolute. */
  folder: string;
  /** Whether it comes with the studio. */
  isBuiltIn: boolean;
  /** Null: it cannot be used, for the reason of `problem`. */
  source: PluginSource | null;
  problem: PluginFailure | null;
}

/** Places where plugins lie. */
export interface PluginPlaces {
  /** Of those that come with the studio. */
  builtIn: string;
  /** Of those that somebody has put there. */
  others: string;
}

/** All plugins by name. What cannot be used is among them, with the reason. */
export async function findPlugins({ builtIn, others }: PluginPlaces): Promise<FoundPlugin[]> {
  const own = await subfolders(builtIn);
  const withManifest = await Promise.all(own.map((folder) => exists(path.join(folder, 'plugin.json'))));
  const first = await Promise.all(own.filter((_, index) => withManifest[index]).map((folder) => load(folder, true)));
  const names = new Set(first.map(({ name }) => name));
  const given = (await subfolders(others)).map(async (folder) => (names.has(path.basename(folder)) ? clash(folder) : load(folder, false)));
  const second = await Promise.all(given);
  return [...first, ...second].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads one folder again. */
async function load(folder: string, isBuiltIn: boolean): Promise<FoundPlugin> {
  const found = { name: path.basename(folder), folder, isBuiltIn };
  try {
    return { ...found, source: await loadManifest(folder, { isBuiltIn }), problem: null };
  } catch (error) {
    if (!(error instanceof PluginFailure)) throw error;
    return { ...found, source: null, problem: error };
  }
}

/** It could not be told apart from the one that comes with the studio. */
function clash(folder: string): FoundPlugin {
  const name = path.basename(folder);
  const problem = new PluginFailure(
    'MANIFEST_INVALID',
    `The plugin in ${folder} has the name of one that comes with the studio. Rename its folder, and the name in its plugin.json.`,
  );
  // A name that no plugin can have, so that both are listed.
  return { name: `${name} (PLUGINS_DIR)`, folder, isBuiltIn: false, source: null, problem };
}

async function subfolders(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !/^[._]|^node_modules$/.test(entry.name))
    .map(({ name }) => path.join(folder, name));
}

const exists = (file: string): Promise<boolean> =>
  fs.access(file).then(
    () => true,
    () => false,
  );
