import pg from 'pg';
import { DatabaseError } from '../errors.ts';
import { isConnectionFailure, reasonOf } from './failures.ts';
import { patiently } from './patience.ts';

type Callback = (error: Error | undefined, client: pg.PoolClient | undefined, release: (error?: Error | boolean) => void) => void;

/** A pool that waits for a server that cannot be reached: what asks for a connection has not sent anything yet. */
export class PatientPool extends pg.Pool {
  readonly #label: string;
  readonly #seconds: number;

  /** @param label names the database in messages; seconds: how long a connection is waited for. */
  constructor(config: pg.PoolConfig, { label, seconds }: { label: string; seconds: number }) {
    super(config);
    this.#label = label;
    this.#seconds = seconds;
    // A connection that breaks while nobody uses it leaves the pool; nobody has to know.
    this.on('error', () => undefined);
    // Nor does one that breaks in the moment in which it is handed over, before its new owner listens: without anybody it would end the process.
    this.on('connect', (client) => client.on('error', () => undefined));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Callback): void;
  override connect(callback?: Callback): Promise<pg.PoolClient> | undefined {
    const connecting = patiently(() => super.connect(), {
      seconds: this.#seconds,
      isWorthIt: (error) => !this.ending && isConnectionFailure(error),
    }).catch((error: unknown) => {
      if (!isConnectionFailure(error)) throw error;
      const message = `The database ${this.#label} cannot be reached at the moment: ${reasonOf(error)}. Try again later.`;
      throw new DatabaseError('UNREACHABLE', message, { cause: error });
    });
    if (!callback) return connecting;
    connecting.then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), undefined, () => undefined),
    );
    return undefined;
  }
}
