import path from 'node:path';
import { isThere } from './is-there.ts';

/** Folders of installed packages that a module in this folder finds, nearest first; absolute. */
export async function installedPackages(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (let place = folder; ; place = path.dirname(place)) {
    const packages = path.join(place, 'node_modules');
    if (await isThere(packages)) found.push(packages);
    if (path.dirname(place) === place) return found;
  }
}
