import { anything, type Bus } from '../streams/bus.ts';

/** Whose access has changed: all the sockets and event streams of a user, of one session or of one API key are out of date. */
export type AccessChange = { userId: string } | { sessionId: string } | { apiKeyId: string };

/** Tells every server, once the change is committed. */
export function publishAccessChange(bus: Bus, ...changes: readonly AccessChange[]): void {
  for (const change of changes) for (const [kind, id] of Object.entries(change)) bus.topic('access').publish(`${kind}:${id}`);
}

/**
 * @param listener gets null when messages were lost, and anything may have changed
 * @returns ends it.
 */
export function onAccessChange(bus: Bus, listener: (change: AccessChange | null) => void): () => void {
  return bus.topic('access').listenToAll((key) => {
    if (key === anything) return listener(null);
    const [kind, id] = key.split(':');
    if (id === undefined) return;
    if (kind === 'userId') listener({ userId: id });
    if (kind === 'sessionId') listener({ sessionId: id });
    if (kind === 'apiKeyId') listener({ apiKeyId: id });
  });
}
