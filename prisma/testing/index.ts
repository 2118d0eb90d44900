export { emptyDatabase, testDatabase } from './databases.ts';
export { hasPostgresql, PostgresqlServer } from './server.ts';
