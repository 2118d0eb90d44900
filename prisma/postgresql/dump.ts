import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { DatabaseError, messageOf } from '../errors.ts';
import { type PostgresqlSettings, readPostgresqlUrl } from './url.ts';

/** Where Debian and others keep PostgreSQL's programs, the newest first; `pg_dump` must not be older than its server. */
const versionsFolder = '/usr/lib/postgresql';

/** @throws DatabaseError */
export async function dumpPostgresql(url: string, file: string): Promise<void> {
  const settings = readPostgresqlUrl(url);
  const options = ['--format=custom', '--no-owner', '--no-privileges', `--schema=${settings.schema}`, `--file=${file}`];
  await runProgram('pg_dump', options, [], settings);
}

/** @throws DatabaseError, before anything is changed when the database is not empty */
export async function restorePostgresql(url: string, file: string): Promise<void> {
  const settings = readPostgresqlUrl(url);
  await checkIsEmpty(settings);
  const options = ['--single-transaction', '--exit-on-error', '--clean', '--if-exists', '--no-owner', '--no-privileges'];
  await runProgram('pg_restore', options, [file], settings);
}

async function checkIsEmpty({ client: settings, label, schema }: PostgresqlSettings): Promise<void> {
  const client = new pg.Client(settings);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM "pg_tables" WHERE "schemaname" = $1 LIMIT 1', [schema]);
    if (found.rows.length > 0) {
      throw new DatabaseError('NOT_OURS', `The database ${label} is not empty. Nothing was changed. Restore into a new one: createdb.`);
    }
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    throw new DatabaseError('UNREACHABLE', `The database ${label} cannot be used: ${messageOf(error)}.`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs one of PostgreSQL's own programs. The password goes through the environment: arguments can be read by everybody on the machine. */
async function runProgram(
  name: 'pg_dump' | 'pg_restore',
  options: readonly string[],
  files: readonly string[],
  { client, label }: PostgresqlSettings,
): Promise<void> {
  const address = new URL(client.connectionString ?? '');
  const password = decodeURIComponent(address.password);
  address.password = '';
  const env = { ...process.env, ...(password !== '' && { PGPASSWORD: password }) };
  const program = findProgram(name);
  const words: string[] = [];
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(program, [...options, `--dbname=${address.href}`, ...files], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text));
    child.on('error', reject).on('close', resolve);
  }).catch((error: unknown) => {
    throw new DatabaseError('UNUSABLE', `${name} could not be started (${messageOf(error)}). Install PostgreSQL's client programs.`, {
      cause: error,
    });
  });
  if (code !== 0) {
    throw new DatabaseError('UNUSABLE', `${name} failed on the database ${label}: ${words.join('').trim().slice(0, 1000)}`);
  }
}

function findProgram(name: string): string {
  const versions = fs.existsSync(versionsFolder) ? fs.readdirSync(versionsFolder) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a)).map((version) => path.join(versionsFolder, version, 'bin', name));
  return newest.find((file) => fs.existsSync(file)) ?? name;
}
