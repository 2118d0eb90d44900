export { emptyDatabase, testDatabase } from './databases.ts';
export { freePort } from './free-port.ts';
export { hasPostgresql, PostgresqlServer } from './server.ts';
