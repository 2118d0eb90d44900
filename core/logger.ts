import { pino, type Logger } from 'pino';

export type { Logger };

/** JSON lines on the standard error output, warnings and worse unless told otherwise. */
export const createLogger = (level = 'warn'): Logger =>
  pino({ level, base: undefined, serializers: { error: pino.stdSerializers.err } }, pino.destination(2));
