import { ModelError } from '@anneal/plugins/kit';
import { urlOf } from './endpoint.ts';
import { errorOf } from './errors.ts';
import type { Endpoint } from './settings.ts';

/**
 * Asks an endpoint once.
 * @param body sent as JSON; left out: a GET
 * @returns a response with status 2xx whose body was not read
 * @throws ModelError
 */
export async function ask(endpoint: Endpoint, path: string, signal: AbortSignal, body?: unknown): Promise<Response> {
  const url = urlOf(endpoint, path);
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(endpoint.apiKey !== undefined && { authorization: `Bearer ${endpoint.apiKey}` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    // A redirect to another host would take the question there.
    redirect: 'error',
    signal,
  }).catch((error: unknown) => {
    throw unreachable(endpoint, error, signal);
  });
  if (response.ok) return response;
  throw errorOf(endpoint, response.status, response.headers, await beginningOf(response));
}

/** @throws ModelError MALFORMED_REPLY when it is no JSON */
export async function readJson(endpoint: Endpoint, response: Response, signal: AbortSignal): Promise<unknown> {
  const text = await response.text().catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ModelError('CUT_STREAM', `The answer of "${endpoint.name}" broke off. Try again.`, { cause: error });
  });
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    throw malformed(
      endpoint,
      contentType(response).includes('json') ? 'with broken JSON' : `with ${contentType(response)} instead of JSON`,
    );
  }
}

export const contentType = (response: Response): string => response.headers.get('content-type')?.split(';')[0]?.trim() ?? 'no content type';

export const malformed = (endpoint: Endpoint, how: string): ModelError =>
  new ModelError(
    'MALFORMED_REPLY',
    `"${endpoint.name}" answered ${how}. Check that its baseUrl leads to an OpenAI-compatible API (most end in /v1).`,
  );

/** The signal's own reason goes on as it is; what the network said becomes a sentence. */
function unreachable(endpoint: Endpoint, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  const { origin } = new URL(endpoint.baseUrl);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ModelError('TIMEOUT', `"${endpoint.name}" (${origin}) did not answer in time. Try again, or look at its load.`, {
      cause: error,
    });
  }
  const why =
    code === 'ECONNREFUSED' ? 'nothing listens there' : code === 'ENOTFOUND' ? 'there is no such host' : (code ?? 'no connection');
  return new ModelError(
    'UNAVAILABLE',
    `"${endpoint.name}" cannot be reached at ${origin}: ${why}. Start the server or correct its baseUrl.`,
    {
      cause: error,
    },
  );
}

const longestError = 64 * 1024;

/** Enough of an error's body to know what it says. */
async function beginningOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > longestError) break;
    }
  } catch {
    // The status says enough.
  }
  return text.slice(0, longestError);
}
