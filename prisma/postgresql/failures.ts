import { DatabaseError, messageOf } from '../errors.ts';

/** Classes of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection exceptions. */
const connectionClass = /^08/;
/** The server is stopping, has crashed, or is starting; it has no connection left. */
const connectionStates = new Set(['57P01', '57P02', '57P03', '57P05', '53300']);
/** Of sockets. */
const socketErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** Of Prisma and its adapter: cannot be reached, timed out, closed. */
const prismaConnectionErrors = new Set([
  'P1001',
  'P1002',
  'P1017',
  'DatabaseNotReachable',
  'SocketTimeout',
  'ConnectionClosed',
  'TooManyConnections',
]);
/** What the driver says without any code. */
const connectionMessages = /Connection terminated|not queryable|timeout exceeded when trying to connect|Connection closed/;
/** Two transactions got in each other's way, and this one was undone: a conflict of serializable transactions, or a deadlock. */
const conflictCodes = new Set(['40001', '40P01', 'P2034', 'TransactionWriteConflict']);

/** The connection could not be made or was lost; what was under way on it may or may not have happened. */
export const isConnectionFailure = (error: unknown): boolean =>
  causes(error).some(({ codes, message }) => (codes.length > 0 ? codes.some(isConnectionCode) : connectionMessages.test(message)));

/** An error of the database client that says that the database cannot be reached at the moment: over when it is there again. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name.startsWith('PrismaClient') || error instanceof DatabaseError) &&
  (isConnectionFailure(error) || causes(error).some(({ codes }) => codes.includes('UNREACHABLE')));

const isConnectionCode = (code: string): boolean =>
  connectionClass.test(code) || [connectionStates, socketErrors, prismaConnectionErrors].some((known) => known.has(code));

/** The transaction was undone because of another one; the same again may work. */
export const isConflict = (error: unknown): boolean =>
  causes(error).some(
    ({ codes, message }) => codes.some((code) => conflictCodes.has(code)) || /could not serialize access|deadlock detected/.test(message),
  );

/** What an error says; several addresses of a host that were tried in vain have no message of their own. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  if (message !== '') return message;
  return error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : 'no reason given';
}

interface Cause {
  codes: string[];
  message: string;
}

/** An error and what it came from, through the layers of driver, adapter and client. */
function causes(error: unknown, depth = 0): Cause[] {
  if (typeof error !== 'object' || error === null || depth > 6) return [];
  const fields = new Map<string, unknown>(Object.entries(error));
  if (error instanceof Error) fields.set('message', error.message).set('cause', error.cause);
  const codes = ['code', 'originalCode', 'kind'].flatMap((name) => {
    const code = fields.get(name);
    return typeof code === 'string' ? [code] : [];
  });
  const message = fields.get('message') ?? fields.get('originalMessage');
  const inner = ['cause', 'meta', 'driverAdapterError'].flatMap((name) => causes(fields.get(name), depth + 1));
  const together = error instanceof AggregateError ? error.errors.flatMap((part) => causes(part, depth + 1)) : [];
  return [{ codes, message: typeof message === 'string' ? message : '' }, ...inner, ...together];
}
