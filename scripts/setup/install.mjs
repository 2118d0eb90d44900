import fs from 'node:fs';
import path from 'node:path';
import { fingerprint } from './fingerprint.mjs';
import { runQuietly } from './command.mjs';
import { readStamp, removeStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
const stampFile = (root) => path.join(root, 'node_modules/.anneal/installed');

/** @param {string} root */
const wanted = (root) => fingerprint(root, ['package-lock.json'], [process.platform, process.arch]);

/**
 * Whether the packages of package-lock.json are there, for this kind of machine.
 * @param {string} root the repository
 */
export function isInstalled(root) {
  return readStamp(stampFile(root)) === wanted(root);
}

/**
 * Installs what package-lock.json names. No package needs an install script, so none is run.
 * A failed or interrupted install leaves no stamp, and the next start installs again.
 * @param {string} root the repository
 * @throws {import('./command.mjs').CommandFailed}
 */
export async function install(root) {
  removeStamp(stampFile(root));
  const npm = process.env.npm_execpath;
  const [file, first] = npm?.endsWith('npm-cli.js') ? [process.execPath, [npm]] : ['npm', []];
  const args = [...first, 'ci', '--no-audit', '--no-fund', '--ignore-scripts', '--include=dev', '--no-engine-strict', '--loglevel=warn'];
  await runQuietly(file, args, { cwd: root, shell: process.platform === 'win32' && file === 'npm' });
  writeStamp(stampFile(root), wanted(root));
}

/**
 * Somebody installed by hand (`npm ci`, `npm install`): when npm's own record agrees with package-lock.json, that is as good.
 * @param {string} root the repository
 * @returns {boolean} whether the install was taken over
 */
export function adoptInstall(root) {
  const locked = packagesIn(path.join(root, 'package-lock.json'));
  const present = packagesIn(path.join(root, 'node_modules/.package-lock.json'));
  if (!locked || !present) return false;
  const agrees = Object.entries(locked).every(([where, entry]) => {
    if (where === '') return true;
    const other = present[where];
    return other ? other.integrity === entry.integrity && other.version === entry.version : entry.optional === true;
  });
  const native = Object.entries(present).every(([where, { os, cpu }]) => !where || (fits(os, process.platform) && fits(cpu, process.arch)));
  if (!agrees || !native) return false;
  writeStamp(stampFile(root), wanted(root));
  return true;
}

/**
 * @param {string[] | undefined} list npm's `os` or `cpu`
 * @param {string} value
 */
function fits(list, value) {
  if (!list || list.length === 0) return true;
  if (list.includes(`!${value}`)) return false;
  return list.includes(value) || list.every((item) => item.startsWith('!'));
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, os?: string[], cpu?: string[] }} LockedPackage
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function packagesIn(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
