import fs from 'node:fs/promises';
import path from 'node:path';
import semver from 'semver';
import { kitVersion, pluginManifest, type PluginManifest } from '../kit/manifest.ts';
import { isWithin } from './is-within.ts';
import { PluginFailure } from './plugin-failure.ts';
import type { PluginSource } from './types.ts';

/** `plugin.json`, bytes. */
const longestManifest = 100_000;
/** Files and folders of a plugin; each symbolic link is looked at. */
const mostEntries = 50_000;

/**
 * Reads and checks `plugin.json` of a folder: its shape, its name against the folder's, the kit's version, and that nothing in the folder
 * leads out of it.
 * @param folder absolute
 * @throws PluginFailure MANIFEST_INVALID (with issues), KIT_MISMATCH, SOURCE_INVALID
 */
export async function loadManifest(folder: string, { isBuiltIn }: { isBuiltIn: boolean }): Promise<PluginSource> {
  const real = await fs.realpath(folder).catch(() => {
    throw new PluginFailure('MANIFEST_INVALID', `there is no folder ${folder}`);
  });
  const manifest = await readManifest(real);
  checkPlace(real);
  if (!semver.satisfies(kitVersion, manifest.kit)) {
    const what = `the plugin ${manifest.name} is written for version ${manifest.kit} of the kit, and this studio has ${kitVersion}`;
    throw new PluginFailure('KIT_MISMATCH', `${what}: look for another version of the plugin, or change "kit" in its plugin.json`);
  }
  const { nativeAddons, folders } = manifest.permissions;
  if (!isBuiltIn && (nativeAddons || folders)) {
    const asked = nativeAddons ? 'nativeAddons' : 'folders';
    const message = 'is for plugins that come with the studio: take it out of plugin.json';
    throw new PluginFailure('MANIFEST_INVALID', `plugin.json of ${manifest.name}: permissions.${asked} ${message}`, {
      issues: [{ path: `permissions.${asked}`, message }],
    });
  }
  // Packages that come with the studio are linked.
  if (!isBuiltIn) await checkLinks(real, manifest.name);
  await checkMain(real, manifest);
  return { manifest, folder: real, isBuiltIn };
}

async function readManifest(folder: string): Promise<PluginManifest> {
  const name = path.basename(folder);
  const file = path.join(folder, 'plugin.json');
  const refuse = (message: string, issues: { path: string; message: string }[] = []) =>
    new PluginFailure('MANIFEST_INVALID', `plugin.json of ${name}: ${message}`, { issues });
  const { size, isFile, isLink } = await fs.lstat(file).then(
    (found) => ({ size: found.size, isFile: found.isFile(), isLink: found.isSymbolicLink() }),
    () => ({ size: 0, isFile: false, isLink: false }),
  );
  if (!isFile) throw refuse(isLink ? 'it is a symbolic link, and has to be a file' : 'there is none; a plugin’s folder has to have one');
  if (size > longestManifest) throw refuse(`it has ${size} bytes, and may have ${longestManifest}`);
  let read: unknown;
  try {
    read = JSON.parse(await fs.readFile(file, 'utf8'));
  } catch (error) {
    throw refuse(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const manifest = pluginManifest.safeParse(read);
  if (!manifest.success) {
    const issues = manifest.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    throw refuse(issues.map((issue) => `${issue.path || 'as a whole'}: ${issue.message}`).join('; '), issues);
  }
  if (manifest.data.name !== name) {
    const message = `is ${JSON.stringify(manifest.data.name)}, and has to be the folder’s name, ${JSON.stringify(name)}`;
    throw refuse(`name ${message}`, [{ path: 'name', message }]);
  }
  if (semver.validRange(manifest.data.kit) === null) {
    const message = `${JSON.stringify(manifest.data.kit)} is not a range of versions, such as "^${kitVersion}"`;
    throw refuse(`kit ${message}`, [{ path: 'kit', message }]);
  }
  return manifest.data;
}

/** Node's permission model reads these as more than a path. */
function checkPlace(folder: string): void {
  if (!/[*,]/.test(folder)) return;
  throw new PluginFailure('SOURCE_INVALID', `the path ${folder} has a * or a comma in it: plugins have to lie somewhere else`);
}

/** Node's permission model looks at the path, not at where a link leads. */
async function checkLinks(folder: string, name: string): Promise<void> {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.length > mostEntries) {
    throw new PluginFailure(
      'SOURCE_INVALID',
      `the folder of the plugin ${name} has ${entries.length} entries, and may have ${mostEntries}`,
    );
  }
  for (const entry of entries) {
    if (!entry.isSymbolicLink()) continue;
    const link = path.join(entry.parentPath, entry.name);
    const leadsTo = await fs.realpath(link).catch(() => undefined);
    if (leadsTo !== undefined && isWithin(folder, leadsTo)) continue;
    const what = `${path.relative(folder, link)} is a symbolic link that leads ${leadsTo === undefined ? 'nowhere' : 'out of the folder'}`;
    throw new PluginFailure('SOURCE_INVALID', `the plugin ${name} is not loaded: ${what}; put a copy of the file there`);
  }
}

async function checkMain(folder: string, { name, main }: PluginManifest): Promise<void> {
  const isThere = await fs.stat(path.join(folder, main)).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere)
    throw new PluginFailure('SOURCE_INVALID', `the plugin ${name} has no file ${main}, which plugin.json names as its main module`);
}
