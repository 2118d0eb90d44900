import type { TadaDocumentNode } from 'gql.tada';
import type { Client } from 'graphql-ws';
import { stringifyDocument } from '@urql/core';

export interface Follow<Data, Variables extends Record<string, unknown>> {
  document: TadaDocumentNode<Data, Variables>;
  /** Asked at the start and again after every lost connection: put the last cursor in, and nothing is missed or repeated. */
  variables: () => Variables;
  next: (data: Data) => void;
  /**
   * The server has ended it: because all is sent, or because the studio was stopped. Answers whether more may come;
   * then it is asked again. Left out: more may always come.
   */
  ended?: () => boolean | Promise<boolean>;
  /** The server refused; it is asked again after a growing pause. */
  failed?: (message: string) => void;
}

const firstPause = 1_000;
const longestPause = 30_000;

/** Follows a subscription until the returned function is called or the server ends it. */
export function follow<Data, Variables extends Record<string, unknown>>(
  client: Pick<Client, 'subscribe'>,
  { document, variables, next, ended, failed }: Follow<Data, Variables>,
): () => void {
  let stopped = false;
  let pause = firstPause;
  let unsubscribe = (): void => {};
  let again: ReturnType<typeof setTimeout> | undefined;

  const retry = (): void => {
    if (stopped) return;
    unsubscribe();
    again = setTimeout(start, pause);
    pause = Math.min(longestPause, pause * 2);
  };

  const refused = (message: string): void => {
    if (stopped) return;
    failed?.(message);
    retry();
  };

  const finished = async (): Promise<void> => {
    if (ended === undefined || (await ended())) retry();
  };

  const start = (): void => {
    // Errors inside an answer end this attempt; what the same subscription still says is no longer listened to.
    let current = true;
    const query = stringifyDocument(document);
    unsubscribe = client.subscribe<Data>(
      {
        query,
        // The client writes this out anew whenever it reconnects, so each time it is the newest cursor.
        get variables() {
          return variables();
        },
      },
      {
        next: (answer) => {
          if (stopped || !current) return;
          const problem = answer.errors?.[0]?.message;
          if (problem !== undefined || !answer.data) {
            current = false;
            refused(problem ?? 'The studio sent an empty answer.');
            return;
          }
          pause = firstPause;
          next(answer.data);
        },
        error: (error) => {
          if (current) refused(describe(error));
          current = false;
        },
        complete: () => {
          if (!stopped && current) void finished();
          current = false;
        },
      },
    );
  };

  start();
  return () => {
    stopped = true;
    clearTimeout(again);
    unsubscribe();
  };
}

function describe(error: unknown): string {
  if (Array.isArray(error)) return error.map(describe).join(' ');
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return 'The connection to the studio failed.';
}
