import { PrismaPg } from '@prisma/adapter-pg';
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type pg from 'pg';
import { isConnectionFailure } from './failures.ts';
import { patiently } from './patience.ts';

/** Opens PostgreSQL for Prisma on a pool. A read outside of a transaction whose connection is lost is done again. */
export class PostgresqlAdapter implements SqlDriverAdapterFactory {
  readonly provider = 'postgres';
  readonly adapterName = '@prisma/adapter-pg';
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #seconds: number;

  /** @param seconds how long a read is tried again */
  constructor(pool: pg.Pool, { schema, seconds }: { schema: string; seconds: number }) {
    this.#pool = pool;
    this.#schema = schema;
    this.#seconds = seconds;
  }

  async connect(): Promise<SqlDriverAdapter> {
    const adapter = await new PrismaPg(this.#pool, { schema: this.#schema, disposeExternalPool: true }).connect();
    const query = adapter.queryRaw.bind(adapter);
    adapter.queryRaw = (statement) =>
      isRead(statement.sql)
        ? patiently(() => query(statement), { seconds: this.#seconds, isWorthIt: isConnectionFailure })
        : query(statement);
    return adapter;
  }
}

/** Whether a statement changes nothing, so that doing it twice does no harm. */
const isRead = (sql: string): boolean =>
  /^\s*SELECT\b/i.test(sql) && !/\b(FOR\s+UPDATE|nextval|setval|pg_notify|pg_\w*advisory\w*)\b/i.test(sql);
