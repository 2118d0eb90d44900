import { type AccessChange, type Studio, Unauthenticated, type Viewer } from '@anneal/core';

/** So long a socket stays open after its access has changed: the answer to what changed it may still be on its way. Milliseconds. */
const grace = 100;
/** Between two looks whether everybody who is connected may still be. Milliseconds. */
const checkInterval = 60_000;

interface Connection {
  viewer: Viewer;
  close: () => void;
}

/**
 * What is open for a long time: sockets and event streams. They are closed as soon as the session or the key that they were opened with
 * ends, or when its user may do something else than before; clients come back with what they may do then. Servers tell each other; for
 * what gets lost on the way and for what expires, all are looked at once a minute.
 */
export class Connections {
  readonly #studio: Studio;
  readonly #open = new Set<Connection>();
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#stopListening = studio.onAccessChange((change) =>
      change ? this.#closeWhere(({ viewer }) => isAffected(viewer, change)) : void this.check(),
    );
    this.#timer = setInterval(() => void this.check(), checkInterval).unref();
  }

  /** @param close is called once, when the access has changed. @returns to be called when it is closed. */
  add(viewer: Viewer, close: () => void): () => void {
    const connection = { viewer, close };
    this.#open.add(connection);
    return () => void this.#open.delete(connection);
  }

  /** Closes what is out of date. */
  async check(): Promise<void> {
    const viewers = new Map([...this.#open].map(({ viewer }) => [rightsOf(viewer), viewer]));
    for (const [rights, viewer] of viewers) {
      const now = await this.#studio.identity.again(viewer).then(rightsOf, (error: unknown) => {
        if (error instanceof Unauthenticated) return undefined;
        // The database does not answer: that says nothing about them.
        return rights;
      });
      if (now !== rights) this.#closeWhere((connection) => rightsOf(connection.viewer) === rights);
    }
  }

  /** Looks no more. What is open stays open. */
  close(): void {
    this.#stopListening();
    clearInterval(this.#timer);
  }

  #closeWhere(condition: (connection: Connection) => boolean): void {
    const affected = [...this.#open].filter(condition);
    for (const connection of affected) this.#open.delete(connection);
    if (affected.length > 0) setTimeout(() => affected.forEach(({ close }) => close()), grace);
  }
}

function isAffected({ userId, credential }: Viewer, change: AccessChange): boolean {
  if ('userId' in change) return change.userId === userId;
  if ('sessionId' in change) return credential.kind === 'session' && credential.sessionId === change.sessionId;
  return credential.kind === 'apiKey' && credential.apiKeyId === change.apiKeyId;
}

const rightsOf = ({ userId, credential, scopes, roles, isAdministrator }: Viewer): string =>
  JSON.stringify([userId, credential, isAdministrator, [...scopes].sort(), [...roles].sort()]);
