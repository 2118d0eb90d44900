import type { ClientConfig } from 'pg';
import { DatabaseError } from '../errors.ts';

/** What a PostgreSQL URL says. */
export interface PostgresqlSettings {
  /** For one connection. */
  client: ClientConfig;
  /** Where the tables are. */
  schema: string;
  /** Connections in the pool, `connection_limit`. */
  connections: number;
  /** Names the database in messages, without the password: `postgresql://anneal@localhost:5432/anneal` */
  label: string;
}

const defaultConnections = 10;
/** Milliseconds. A statement that takes longer is given up, as is a lock that is waited for, or a transaction that does nothing. */
const limits = { statement: 60_000, lock: 30_000, idleTransaction: 60_000 };
/** One try to connect. Milliseconds. */
const connectLimit = 10_000;

const example = 'postgresql://user:password@localhost:5432/anneal';

/**
 * Reads a URL of PostgreSQL as Prisma writes it, with `connection_limit` (1–500, connections of one server, default 10) and `schema`
 * (default public); other parameters, such as `sslmode`, go to the driver.
 * @throws DatabaseError `URL_UNSUPPORTED`; the URL is not in the message, as it may hold a password.
 */
export function readPostgresqlUrl(text: string): PostgresqlSettings {
  if (!URL.canParse(text)) {
    throw unsupported(
      `The database URL cannot be read. It looks like ${example}; characters such as @ : / # % in the password are percent-encoded.`,
    );
  }
  const url = new URL(text);
  const take = (name: string) => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value;
  };
  const [limit, schema] = [take('connection_limit'), take('schema') ?? 'public'];
  take('pgbouncer');
  const connections = limit === null ? defaultConnections : Number(limit);
  if (!Number.isInteger(connections) || connections < 1 || connections > 500)
    throw unsupported('connection_limit in the database URL must be a whole number from 1 to 500.');
  if (!/^[A-Za-z_][\w$]{0,62}$/.test(schema))
    throw unsupported('schema in the database URL must be a plain name of at most 63 characters.');
  const database = url.pathname.slice(1);
  if (database === '') throw unsupported(`The database URL names no database. It looks like ${example}.`);
  const settings = [
    `statement_timeout=${limits.statement}`,
    `lock_timeout=${limits.lock}`,
    `idle_in_transaction_session_timeout=${limits.idleTransaction}`,
    // Times are stored without a zone: in UTC.
    'TimeZone=UTC',
    ...(schema === 'public' ? [] : [`search_path=${schema}`]),
  ];
  return {
    client: {
      connectionString: url.href,
      options: settings.map((setting) => `-c ${setting}`).join(' '),
      application_name: 'anneal',
      keepAlive: true,
      connectionTimeoutMillis: connectLimit,
    },
    schema,
    connections,
    label: labelOf(url),
  };
}

/** For migrations, and for connections that wait: no limit on how long a statement takes. */
export const withoutLimits = (client: ClientConfig): ClientConfig => ({
  ...client,
  options: (client.options ?? '').replace(/statement_timeout=\d+/, 'statement_timeout=0').replace(/lock_timeout=\d+/, 'lock_timeout=0'),
});

function labelOf(url: URL): string {
  const user = url.username === '' ? '' : `${url.username}@`;
  return `postgresql://${user}${url.searchParams.get('host') ?? url.host}${url.pathname}`;
}

const unsupported = (message: string) => new DatabaseError('URL_UNSUPPORTED', message);
