import path from 'node:path';

/** Whether a path is a folder or lies below it. Both absolute, without symbolic links. */
export function isWithin(folder: string, file: string): boolean {
  const way = path.relative(folder, file);
  return way === '' || (!way.startsWith(`..${path.sep}`) && way !== '..' && !path.isAbsolute(way));
}
