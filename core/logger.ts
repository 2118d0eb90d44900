import { pino, type Logger } from 'pino';

export type { Logger };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevelName = (typeof logLevels)[number];

/** Names of what must not be written down, wherever it stands in what is logged. */
const secrets = [
  'authorization',
  'password',
  'currentPassword',
  'newPassword',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
  'setupCode',
  'cookie',
];
const paths = secrets.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** JSON lines on the standard error output, warnings and worse unless told otherwise. Secrets are left out. */
export const createLogger = (level: LogLevelName = 'warn'): Logger =>
  pino(
    { level, base: undefined, serializers: { error: pino.stdSerializers.err }, redact: { paths, censor: '[secret]' } },
    pino.destination(2),
  );
