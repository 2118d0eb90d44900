export type DatabaseErrorCode =
  'URL_UNSUPPORTED' | 'UNUSABLE' | 'UNREACHABLE' | 'NOT_OURS' | 'NEWER_VERSION' | 'MIGRATION_CHANGED' | 'MIGRATION_FAILED';

/**
 * The database cannot be used as it is, or at the moment (`UNREACHABLE`). The message says why and what to do, and has no password in
 * it; nothing in the database was changed.
 */
export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'DatabaseError';
    this.code = code;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
