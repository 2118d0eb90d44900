import { ModelError, type ModelErrorCode, z } from '@anneal/plugins/kit';
import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { retryAfter } from '../providers/retry-after.ts';
import { withoutSecrets } from '../providers/without-secrets.ts';
import type { Settings } from './settings.ts';

/**
 * What the client threw, as a ModelError (https://platform.claude.com/docs/en/api/errors). What was cancelled goes on as it is.
 * @param streaming whether a part of the answer had come
 */
export function errorOf(error: unknown, settings: Settings, signal: AbortSignal, streaming = false): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ModelError) return error;
  if (error instanceof APIConnectionTimeoutError) return new ModelError('TIMEOUT', `Claude ${advice.TIMEOUT}`, { cause: error });
  if (error instanceof APIConnectionError && !streaming) {
    const where = settings.baseUrl === undefined ? '' : ` at ${new URL(settings.baseUrl).origin}`;
    return new ModelError('UNAVAILABLE', `Claude cannot be reached${where}. Check the connection of this machine, and baseUrl.`, {
      cause: error,
    });
  }
  if (error instanceof APIError) {
    const found = seen.parse(error);
    const headers: unknown = error.headers;
    if (found.status !== undefined || found.type != null)
      return told(found, retryAfter(headers instanceof Headers ? headers : undefined), settings);
  }
  // A reply that is no JSON, or an event in the middle of a stream.
  if (error instanceof SyntaxError) return malformed('with broken JSON');
  return streaming ? cut(error) : malformed('in a way that nobody understands');
}

export const cut = (cause?: unknown) =>
  new ModelError('CUT_STREAM', 'The answer of Claude broke off before its end. Try again.', { cause });

export const malformed = (how: string) =>
  new ModelError(
    'MALFORMED_REPLY',
    `Claude answered ${how}. Check that baseUrl leads to a server that speaks the protocol of the Anthropic API.`,
  );

/** What is read of an error; a gateway may have put anything there. */
const seen = z.object({
  status: z.number().optional().catch(undefined),
  type: z.string().nullish().catch(null),
  apiMessage: z.string().nullish().catch(null),
  errorCode: z.string().nullish().catch(null),
});
type Seen = z.output<typeof seen>;

function told(found: Seen, retryAfterSeconds: number | undefined, { apiKey }: Settings): ModelError {
  const code = codeOf(found);
  const said = found.apiMessage == null ? '' : ` It says: ${withoutSecrets(found.apiMessage, apiKey).slice(0, 1000)}`;
  return new ModelError(code, `Claude ${advice[code]}${said}`, { retryAfterSeconds });
}

function codeOf({ status, type, apiMessage, errorCode }: Seen): ModelErrorCode {
  const message = (apiMessage ?? '').toLowerCase();
  if (type === 'billing_error' || errorCode?.includes('spend_limit') || /credit balance|spend limit|billing/.test(message)) return 'QUOTA';
  if (/prompt is too long|context (window|limit)|input length/.test(message)) return 'CONTEXT_TOO_LONG';
  switch (type) {
    case 'authentication_error':
      return 'AUTHENTICATION';
    case 'permission_error':
      return 'PERMISSION';
    case 'not_found_error':
      return 'MODEL_NOT_FOUND';
    case 'rate_limit_error':
      return 'RATE_LIMITED';
    case 'overloaded_error':
      return 'OVERLOADED';
    case 'timeout_error':
      return 'TIMEOUT';
    case 'invalid_request_error':
      return status === 413 ? 'CONTEXT_TOO_LONG' : 'INVALID_REQUEST';
    default:
      return byStatus(status);
  }
}

const codes: Readonly<Record<number, ModelErrorCode>> = {
  401: 'AUTHENTICATION',
  402: 'QUOTA',
  403: 'PERMISSION',
  404: 'MODEL_NOT_FOUND',
  408: 'TIMEOUT',
  413: 'CONTEXT_TOO_LONG',
  429: 'RATE_LIMITED',
  504: 'TIMEOUT',
  529: 'OVERLOADED',
};

function byStatus(status: number | undefined): ModelErrorCode {
  if (status === undefined) return 'UNAVAILABLE';
  return codes[status] ?? (status >= 500 ? 'UNAVAILABLE' : 'INVALID_REQUEST');
}

/** What went wrong and what to do. */
const advice: Record<ModelErrorCode, string> = {
  AUTHENTICATION: 'refuses the key. Set the right apiKey in the settings of the plugin.',
  PERMISSION: 'does not let this key do that. Use a key of a workspace that may use this model.',
  QUOTA: 'has no more credit for this key. Look at the billing of the account.',
  RATE_LIMITED: 'is asked too often. Wait, or ask Anthropic for a higher limit.',
  OVERLOADED: 'is overloaded. Try again in a while, or use another model.',
  UNAVAILABLE: 'cannot answer at the moment. Try again in a while.',
  TIMEOUT: 'did not answer in time. Try again, or ask for a shorter answer.',
  MODEL_NOT_FOUND: 'has no such model. Look at the list of models.',
  CONTEXT_TOO_LONG: 'cannot take that many tokens. Shorten the prompt, ask for fewer tokens, or use a model with a larger context.',
  INVALID_REQUEST: 'refuses the request. Change the setting that it names.',
  CUT_STREAM: 'broke off its answer. Try again.',
  MALFORMED_REPLY: 'does not speak the protocol.',
  PLUGIN_FAILED: 'could not be asked.',
};
