import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Behaviour, Question } from './answer.ts';

/** A request that came in. */
export interface RecordedRequest extends Question {
  method: string;
  /** `answered` once all was sent, `aborted` when whoever asked closed the connection before. */
  closed: Promise<'answered' | 'aborted'>;
}

export interface ProviderOptions {
  /** What each model does. Other models do not exist. */
  models: Record<string, Behaviour>;
  /** Asked for when it is set; any other key is refused as the provider does. */
  apiKey?: string;
}

export interface ProviderServer extends AsyncDisposable {
  /** Without the path: http://127.0.0.1:1234. */
  url: string;
  port: number;
  /** In the order in which they came. */
  requests: RecordedRequest[];
  /** May be changed at any time. */
  models: Record<string, Behaviour>;
  /** Answers once as many requests as this came. */
  untilRequests(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A protocol: what is sent for each request. */
export type Protocol = (exchange: Exchange) => Promise<void>;

/** One request and the means to answer it. */
export class Exchange {
  readonly question: RecordedRequest;
  readonly server: ProviderServer;
  readonly #response: ServerResponse;

  constructor(question: RecordedRequest, server: ProviderServer, response: ServerResponse) {
    this.question = question;
    this.server = server;
    this.#response = response;
  }

  /** Whether whoever asked has gone. */
  get isGone(): boolean {
    return this.#response.destroyed || this.#response.closed;
  }

  /** @returns false when whoever asked went meanwhile */
  async wait(milliseconds: number): Promise<boolean> {
    if (milliseconds > 0 && !this.isGone) await pause(milliseconds);
    return !this.isGone;
  }

  send(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.sendText(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  sendText(status: number, text: string, headers: Record<string, string>): void {
    if (!this.isGone) this.#response.writeHead(status, headers).end(text);
  }

  beginStream(): void {
    this.#response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    this.#response.flushHeaders();
  }

  event(data: unknown, name?: string): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    if (!this.isGone) this.#response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`);
  }

  endStream(): void {
    this.#response.end();
  }

  /** Breaks the connection off without a word. */
  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

/** Listens on a free port of 127.0.0.1. Close it with `close()`, or by leaving an `await using`. */
export async function startProvider(options: ProviderOptions, protocol: Protocol): Promise<ProviderServer> {
  const waiting = new Set<() => void>();
  const http = createServer((request, response) => {
    const closed = new Promise<'answered' | 'aborted'>((resolve) => {
      response.once('close', () => resolve(response.writableFinished ? 'answered' : 'aborted'));
    });
    // Whoever asked may go at any moment.
    response.on('error', () => undefined);
    void readQuestion(request, server.requests)
      .then((question) => {
        const recorded = { ...question, method: request.method ?? 'GET', closed };
        server.requests.push(recorded);
        for (const look of waiting) look();
        return protocol(new Exchange(recorded, server, response));
      })
      .catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
        response.end(`The test's server went wrong: ${String(error)}`);
      });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', resolve);
  });
  const close = async () => {
    const done = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeAllConnections();
    await done;
  };
  const { port } = http.address() as AddressInfo;
  const server: ProviderServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: [],
    models: { ...options.models },
    untilRequests: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (server.requests.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
  return server;
}

async function readQuestion(request: IncomingMessage, before: readonly RecordedRequest[]): Promise<Question> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const body = parseObject(Buffer.concat(chunks).toString('utf8'));
  const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
  const model = typeof body.model === 'string' ? body.model : '';
  const attempt = before.filter((earlier) => earlier.path === path && earlier.model === model).length + 1;
  return { path, model, body, headers: request.headers, text: textsOf(body).join('\n'), attempt };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a model reads, wherever the protocol has it: system, messages, prompt, input. */
function textsOf(body: Record<string, unknown>): string[] {
  return [body.system, body.messages, body.prompt, body.input].flatMap(stringsOf);
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  if (isRecord(value)) return [value.text, value.content].flatMap(stringsOf);
  return [];
}
