import { NotFound } from '@anneal/core';
import { decodeGlobalID } from '@pothos/plugin-relay';

/**
 * The database id inside the global id of a node.
 * @throws NotFound when it is no id of that type, which is as good as an id of nothing
 */
export function databaseId(typename: string, globalId: string): string {
  try {
    const decoded = decodeGlobalID(globalId);
    // No id has a NUL in it, which PostgreSQL refuses.
    if (decoded.typename === typename && !decoded.id.includes('\0')) return decoded.id;
  } catch {
    // Not made by this server.
  }
  throw new NotFound(`There is no ${typename.toLowerCase()} with the id "${globalId}".`);
}

/** The same for one that may be left out. */
export const optionalId = (typename: string, globalId: string | null | undefined): string | undefined =>
  globalId == null ? undefined : databaseId(typename, globalId);
