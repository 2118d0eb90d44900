import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { Session } from './session.ts';

export interface MessagesOptions {
  /** Another server said something. */
  onMessage: (text: string) => void;
  /** Listening began, or began again: messages may have been missed until now. */
  onGap: () => void;
  log: (message: string) => void;
}

/** Bytes. PostgreSQL takes less than 8,000. */
export const longestMessage = 7500;

const channel = 'anneal';

/** Short messages between the servers on one PostgreSQL database, by LISTEN and NOTIFY. What is sent reaches all but the sender. */
export class Messages {
  readonly #session: Session;
  readonly #own = randomUUID().slice(0, 8);

  constructor(url: string, { onMessage, onGap, log }: MessagesOptions) {
    const receive = ({ payload = '' }: pg.Notification) => {
      const separator = payload.indexOf(' ');
      if (payload.slice(0, separator) !== this.#own) onMessage(payload.slice(separator + 1));
    };
    this.#session = new Session(url, {
      onOpen: async (client) => {
        client.on('notification', receive);
        await client.query(`LISTEN ${channel}`);
      },
      onReady: onGap,
      onLost: () => undefined,
      log,
    });
  }

  /**
   * @param text at most 7,500 bytes, no line breaks
   * @returns false when it could not be sent: there is no connection at the moment
   */
  async send(text: string): Promise<boolean> {
    try {
      await this.#session.client?.query('SELECT pg_notify($1, $2)', [channel, `${this.#own} ${text}`]);
      return this.#session.client !== undefined;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}
