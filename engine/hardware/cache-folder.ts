import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** Where measurements of this machine are kept between runs; `ANNEAL_CACHE` names another folder. It can be deleted at any time. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { ANNEAL_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (ANNEAL_CACHE) return path.resolve(ANNEAL_CACHE);
  if (process.platform === 'win32') return path.join(LOCALAPPDATA ?? path.join(os.homedir(), 'AppData', 'Local'), 'anneal', 'cache');
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'anneal');
  return path.join(XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'anneal');
}
