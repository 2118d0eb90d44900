import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

/**
 * Where the programs of PostgreSQL's server are: Debian keeps them in a folder a version, the newest is taken; others have them in PATH.
 * @returns {string | undefined} undefined when it is not installed
 */
export function postgresqlPrograms() {
  const debian = '/usr/lib/postgresql';
  const versions = fs.existsSync(debian) ? fs.readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => path.join(debian, version, 'bin')), ...(process.env.PATH ?? '').split(path.delimiter)];
  return folders.find((folder) => fs.existsSync(path.join(folder, 'initdb')));
}
