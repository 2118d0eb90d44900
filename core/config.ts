import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { Invalid } from './errors.ts';
import { type LogLevelName, logLevels } from './logger.ts';
import { isLoopback } from './loopback.ts';
import { parseSlots, type Slots, slotsForm } from './runs/slots.ts';

/** How a studio is set up. */
export interface StudioConfig {
  /** Absolute. Holds the database, run folders, models and datasets. */
  dataFolder: string;
  /** `file:/path/to/anneal.db`, or `postgresql://user:password@host:5432/anneal`, which several servers can share. Never shown: it may hold a password. */
  databaseUrl: string;
  /** 1–65535; 0 takes any free one. */
  port: number;
  host: string;
  /** Host names, besides those of this machine itself, that the server answers to. */
  allowedHosts: string[];
  /** Origins (`https://lab.example`) of other sites whose pages may use the server. */
  allowedOrigins: string[];
  /** `off`: one user without log-in, for this machine alone. `required`: everybody logs in or shows an API key. */
  accounts: 'off' | 'required';
  /** Whether strangers may make accounts, or only administrators for them. */
  registration: 'open' | 'closed';
  /** What the first account of a studio with accounts is made with. Left out: a random one, shown at start. */
  setupCode?: string;
  /** Largest file that may be uploaded or fetched. Bytes. */
  uploadLimitBytes: number;
  /** Whether new files of datasets are encrypted at rest. */
  encryptFiles: boolean;
  /** Hosts that datasets may be fetched from by URL: `data.example`, or `data.example:8443`. */
  allowedUrlHosts: string[];
  /** What is logged: this and worse. */
  logLevel: LogLevelName;
  /** Runs that train at the same time, on each kind of device. Left out: one on each kind that this machine has. */
  slots?: Slots;
  /** Days that the points of ended runs are kept; their curves stay, coarser. 0: for ever. */
  metricRetentionDays: number;
  /** Absolute. Where plugins are looked for besides those that come with the studio. */
  pluginsFolder: string;
  /** A variable of the environment, such as a key of a provider that a plugin which comes with the studio asks for. */
  pluginVariable: (name: string) => string | undefined;
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
      (url) => /^(file|postgres|postgresql):./.test(url),
      'must be a SQLite file such as file:./data/anneal.db, or postgresql://user:password@host:5432/anneal',
    )
    .optional(),
  ALLOWED_HOSTS: commaSeparated,
  ALLOWED_ORIGINS: commaSeparated.refine(
    (origins) => origins.every(isOrigin),
    'must be origins such as https://lab.example, separated by commas',
  ),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('warn'),
  ACCOUNTS: z.enum(['off', 'required'], 'must be off or required').optional(),
  REGISTRATION: z.enum(['open', 'closed'], 'must be open or closed').default('open'),
  SETUP_CODE: z.string().min(8, 'must have at least 8 characters').optional(),
  UPLOAD_LIMIT_BYTES: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'must be a whole number of bytes, such as 50000000000')
    .transform(Number)
    .default(50_000_000_000),
  ENCRYPT_FILES: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((value) => value === 'true'),
  ALLOWED_URL_HOSTS: commaSeparated.refine(
    (hosts) => hosts.every((host) => /^[a-z0-9.-]+(:\d{1,5})?$/i.test(host)),
    'must be host names such as data.example, separated by commas',
  ),
  SLOTS: z
    .string()
    .refine((text) => parseSlots(text) !== null, slotsForm)
    .optional(),
  PLUGINS_DIR: z.string().min(1).optional(),
  METRIC_RETENTION_DAYS: z
    .string()
    .regex(/^\d{1,6}$/, 'must be a whole number of days, or 0 to keep everything')
    .transform(Number)
    .default(0),
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/**
 * Reads the settings from the environment: PORT (4000), HOST (127.0.0.1), DATA_DIR (./data), DATABASE_URL (DATA_DIR/anneal.db),
 * ALLOWED_HOSTS and ALLOWED_ORIGINS (none; lists with commas), LOG_LEVEL (warn), ACCOUNTS (off while HOST is this machine alone, else required),
 * REGISTRATION (open), SETUP_CODE (random), UPLOAD_LIMIT_BYTES (50 GB), ENCRYPT_FILES (false), ALLOWED_URL_HOSTS (none; a list
 * with commas), SLOTS (one on each kind of device), METRIC_RETENTION_DAYS (0: for ever), PLUGINS_DIR (DATA_DIR/plugins).
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
  const { PORT, HOST, DATA_DIR, DATABASE_URL, ALLOWED_HOSTS, ALLOWED_ORIGINS, ACCOUNTS, REGISTRATION, SETUP_CODE } = result.data;
  const { UPLOAD_LIMIT_BYTES, ENCRYPT_FILES, ALLOWED_URL_HOSTS, METRIC_RETENTION_DAYS } = result.data;
  const slots = parseSlots(result.data.SLOTS ?? '');
  if (ACCOUNTS === 'off' && !isLoopback(HOST)) throw openToStrangers(HOST);
  const dataFolder = path.resolve(DATA_DIR);
  return {
    dataFolder,
    databaseUrl: DATABASE_URL ?? `file:${path.join(dataFolder, 'anneal.db')}`,
    port: PORT,
    host: HOST,
    allowedHosts: ALLOWED_HOSTS,
    allowedOrigins: ALLOWED_ORIGINS,
    accounts: ACCOUNTS ?? (isLoopback(HOST) ? 'off' : 'required'),
    registration: REGISTRATION,
    ...(SETUP_CODE !== undefined && { setupCode: SETUP_CODE }),
    uploadLimitBytes: UPLOAD_LIMIT_BYTES,
    encryptFiles: ENCRYPT_FILES,
    allowedUrlHosts: ALLOWED_URL_HOSTS.map((host) => host.toLowerCase()),
    logLevel: result.data.LOG_LEVEL,
    ...(slots && { slots }),
    metricRetentionDays: METRIC_RETENTION_DAYS,
    pluginsFolder: path.resolve(result.data.PLUGINS_DIR ?? path.join(dataFolder, 'plugins')),
    pluginVariable: (name) => given[name],
  };
}

/** What a studio without accounts that others can reach is refused with. */
export function openToStrangers(host: string): Invalid {
  const message = `ACCOUNTS is off, but other machines can reach HOST ${host}: whoever does could use everything. Leave ACCOUNTS out (then everybody logs in), or HOST (then only this machine can reach it).`;
  return new Invalid(message, [{ path: 'ACCOUNTS', message }]);
}
