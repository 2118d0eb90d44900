import type { Studio } from '@anneal/core';

/** How far a subscription has come. Transports that can resume (SSE) read it; the subscription writes it. */
export interface StreamPosition {
  cursor?: string;
}

/** What every resolver gets. */
export interface Context {
  studio: Studio;
  position: StreamPosition;
  /** The cursor of the last message that a reconnecting reader has seen; it goes before the `after` argument. */
  lastEventId?: string;
}
