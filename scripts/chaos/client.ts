import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';

const answerSchema = z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(z.unknown()).optional() });

/** Sends operations to whichever server is up, again and again until there is an answer. */
export class Client {
  readonly #urls: () => string[];
  #isClosed = false;

  /** @param urls of the servers that are up */
  constructor(urls: () => string[]) {
    this.#urls = urls;
  }

  /**
   * For operations that may be sent twice: without an answer it is not known whether they took place.
   * @returns the data of the answer, null once the client is closed, or the signal came
   */
  async send(query: string, variables: object, signal?: AbortSignal): Promise<Record<string, unknown> | null> {
    while (!this.#isClosed && !signal?.aborted) {
      const url = this.anyUrl();
      if (url !== undefined) {
        const data = await post(url, query, variables).catch(() => null);
        if (data) return data;
      }
      await setTimeout(50 + 100 * Math.random());
    }
    return null;
  }

  /** Once, without knowing whether it arrived when there is no answer. */
  async tryOnce(query: string, variables: object): Promise<Record<string, unknown> | null> {
    const url = this.anyUrl();
    return url === undefined ? null : post(url, query, variables).catch(() => null);
  }

  anyUrl(): string | undefined {
    const urls = this.#urls();
    return urls[Math.floor(Math.random() * urls.length)];
  }

  close(): void {
    this.#isClosed = true;
  }
}

async function post(url: string, query: string, variables: object): Promise<Record<string, unknown> | null> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(30_000),
  });
  const { data, errors } = answerSchema.parse(await response.json());
  return errors ? null : (data ?? null);
}
