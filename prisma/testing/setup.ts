// Global setup of the tests that run on PostgreSQL: a server for all of them, thrown away at their end.
import process from 'node:process';
import { openDatabase } from '../open.ts';
import { serverVariable, templateName } from './databases.ts';
import { PostgresqlServer } from './server.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const server = await PostgresqlServer.start();
  try {
    const template = await openDatabase(await server.createDatabase('template0', templateName));
    await template.$disconnect();
  } catch (error) {
    await server.close();
    throw error;
  }
  process.env[serverVariable] = server.url();
  return async () => {
    Reflect.deleteProperty(process.env, serverVariable);
    await server.close();
  };
}
