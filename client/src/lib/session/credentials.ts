import { Client, fetchExchange } from '@urql/core';
import { RefreshSession } from './documents.ts';
import { TokenKeeper } from './tokens.ts';

/** For those who are not logged in yet, and for renewing what has expired. */
export const stranger = new Client({ url: '/graphql', preferGetMethod: false, exchanges: [fetchExchange], requestPolicy: 'network-only' });

export const tokens = new TokenKeeper({
  storage: localStorage,
  alone: (work) => navigator.locks.request('session', work),
  renew: async (refreshToken) => {
    const { data, error } = await stranger.mutation(RefreshSession, { refreshToken }).toPromise();
    if (error) throw error;
    return data?.refreshSession.__typename === 'RefreshSessionSuccess' ? data.refreshSession.data : null;
  },
});

let listener = (): void => {};

/** Told when the studio does not accept the session any more, or may not. */
export function onRefused(told: () => void): void {
  listener = told;
}

export const refused = (): void => listener();

/** `fetch` with the session's token. */
export const authorizedFetch: typeof fetch = async (input, init) => {
  const authorization = await tokens.authorization();
  const headers = new Headers(init?.headers);
  if (authorization !== undefined) headers.set('authorization', authorization);
  const response = await fetch(input, { ...init, headers });
  if (response.status === 401) {
    tokens.forget();
    refused();
  }
  return response;
};
