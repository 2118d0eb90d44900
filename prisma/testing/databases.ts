import { createHash } from 'node:crypto';
import path from 'node:path';
import process from 'node:process';
import pg from 'pg';

/** Names the server that tests use in place of SQLite; set by their global setup (setup.ts). */
export const serverVariable = 'TEST_POSTGRESQL';
/** A database of that server with all migrations applied, which those of tests are copies of. */
export const templateName = 'anneal_template';

/** SQLSTATE: a database of that name is there. */
const duplicateDatabase = '42P04';

/**
 * URL of the database that belongs to a data folder of a test, always the same for the same folder: a SQLite file in the folder, or
 * a database of the PostgreSQL server that the tests run on.
 */
export const testDatabase = (dataFolder: string): Promise<string> => databaseFor(dataFolder, 'of', templateName);

/** The same for one that has nothing in it, not even tables. */
export const emptyDatabase = (dataFolder: string): Promise<string> => databaseFor(dataFolder, 'empty', 'template0');

async function databaseFor(dataFolder: string, kind: string, template: string): Promise<string> {
  const server = process.env[serverVariable];
  if (server === undefined) return `file:${path.join(dataFolder, 'anneal.db')}`;
  const url = new URL(server);
  url.pathname = `/${kind}_${createHash('sha256').update(path.resolve(dataFolder)).digest('hex').slice(0, 20)}`;
  // Tests run side by side, each with a server or two.
  url.searchParams.set('connection_limit', '5');
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE "${url.pathname.slice(1)}" TEMPLATE "${template}"`);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== duplicateDatabase) throw error;
  } finally {
    await client.end();
  }
  return url.href;
}
