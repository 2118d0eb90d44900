import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { Invalid } from './errors.ts';

/** How a studio is set up. */
export interface StudioConfig {
  /** Absolute. Holds the database, run folders, models and datasets. */
  dataFolder: string;
  /** `file:/path/to/anneal.db` */
  databaseUrl: string;
  /** 1–65535; 0 takes any free one. */
  port: number;
  host: string;
  /** Host names, besides those of this machine itself, that the server answers to. */
  allowedHosts: string[];
  /** Origins (`https://lab.example`) of other sites whose pages may use the server. */
  allowedOrigins: string[];
}

const port = 'must be a whole number from 0 to 65535';
const commaSeparated = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
const environment = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, port)
    .transform(Number)
    .refine((value) => value <= 65535, port)
    .default(4000),
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9._:-]+$/, 'must be a host name or an IP address, such as 127.0.0.1 or 0.0.0.0')
    .default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: z
    .string()
    .refine(
      (url) => !/^postgres(ql)?:/.test(url),
      'PostgreSQL is not supported yet. Leave it out, or give a SQLite file such as file:./data/anneal.db',
    )
    .refine((url) => /^(file|postgres|postgresql):./.test(url), 'must be a SQLite file such as file:./data/anneal.db')
    .optional(),
  ALLOWED_HOSTS: commaSeparated,
  ALLOWED_ORIGINS: commaSeparated.refine(
    (origins) => origins.every(isOrigin),
    'must be origins such as https://lab.example, separated by commas',
  ),
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/**
 * Reads the settings from the environment: PORT (4000), HOST (127.0.0.1), DATA_DIR (./data), DATABASE_URL (DATA_DIR/anneal.db),
 * ALLOWED_HOSTS and ALLOWED_ORIGINS (none; lists with commas).
 * An empty variable counts as left out.
 * @throws Invalid with one issue a variable
 */
export function readConfig(variables: Readonly<Record<string, string | undefined>> = process.env): StudioConfig {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const result = environment.safeParse(given);
  if (!result.success) {
    const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
    throw new Invalid(`The settings are not valid: ${issues.map((issue) => `${issue.path}: ${issue.message}`).join('; ')}`, issues);
  }
  const { PORT, HOST, DATA_DIR, DATABASE_URL, ALLOWED_HOSTS, ALLOWED_ORIGINS } = result.data;
  const dataFolder = path.resolve(DATA_DIR);
  return {
    dataFolder,
    databaseUrl: DATABASE_URL ?? `file:${path.join(dataFolder, 'anneal.db')}`,
    port: PORT,
    host: HOST,
    allowedHosts: ALLOWED_HOSTS,
    allowedOrigins: ALLOWED_ORIGINS,
  };
}
