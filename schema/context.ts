import type { Client, Studio, Viewer } from '@anneal/core';

/** How far a subscription has come. Transports that can resume (SSE) read it; the subscription writes it. */
export interface StreamPosition {
  cursor?: string;
}

/** The program that asks, known or not. */
export interface Caller extends Client {
  /**
   * Counts an attempt to guess a secret.
   * @param account whose: an e-mail address, or an id
   * @throws RateLimited when there were too many from this address, or for this account
   */
  attempt(account?: string): Promise<void>;
}

/** What every resolver gets. */
export interface Context {
  studio: Studio;
  /** Who asks; null: nobody known. */
  viewer: Viewer | null;
  client: Caller;
  position: StreamPosition;
  /** The cursor of the last message that a reconnecting reader has seen; it goes before the `after` argument. */
  lastEventId?: string;
}
