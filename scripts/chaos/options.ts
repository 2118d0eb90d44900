import { parseArgs } from 'node:util';
import { hasPostgresql } from '@anneal/prisma/testing';

export interface ChaosOptions {
  json: boolean;
  kills: number;
  database: 'postgresql' | 'sqlite';
  /** No kill begins after this time, and the runs that go on then have as long again to end. */
  seconds: number;
}

export const usage = 'npm run chaos -- [--json] [--kills 100] [--database postgresql|sqlite] [--seconds 400]';

/** @throws Error with a sentence for people */
export function readOptions(args: readonly string[]): ChaosOptions {
  const text = { type: 'string' } as const;
  const options = { json: { type: 'boolean', default: false }, kills: text, database: text, seconds: text } as const;
  const { values } = parseArgs({ args: [...args], options });
  const whole = (name: 'kills' | 'seconds', standard: number) => {
    const number = Number(values[name] ?? standard);
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new Error(`--${name} must be a whole number from 1 to 10000.`);
    return number;
  };
  const { database = hasPostgresql() ? 'postgresql' : 'sqlite' } = values;
  if (database !== 'postgresql' && database !== 'sqlite') throw new Error(`--database is postgresql or sqlite, not "${database}".`);
  if (database === 'postgresql' && !hasPostgresql())
    throw new Error('PostgreSQL is not installed (on Debian: apt-get install postgresql); or give --database sqlite.');
  return { json: values.json, kills: whole('kills', 100), database, seconds: whole('seconds', 400) };
}
