// npm run generate: derives the schema for PostgreSQL, and makes the clients for both databases.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { writeTwin } from './twin.mjs';

const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
// The command line looks for its generators there.
const programs = path.join(import.meta.dirname, '../node_modules/.bin');
const env = { ...process.env, PATH: `${programs}${path.delimiter}${process.env.PATH ?? ''}` };

for (const schema of ['schema.prisma', writeTwin()]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [prisma, 'generate', `--schema=${schema}`], {
    cwd: import.meta.dirname,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) {
    console.error(`${stdout}${stderr}`);
    process.exit(1);
  }
}
