import { ModelError, type ModelErrorCode, z } from '@anneal/plugins/kit';
import { retryAfter } from '../providers/retry-after.ts';
import { withoutSecrets } from '../providers/without-secrets.ts';
import type { Endpoint } from './settings.ts';

/** An error as OpenAI, vLLM, llama.cpp and Ollama tell it: an object, a text, or the fields themselves. */
const details = z.object({
  message: z.string().optional(),
  type: z.string().nullish(),
  code: z.union([z.string(), z.number()]).nullish(),
});
const errorBody = z.union([
  z.object({ error: details }).transform(({ error }) => error),
  z.object({ error: z.string() }).transform(({ error }) => ({ message: error })),
  z.object({ detail: z.string() }).transform(({ detail }) => ({ message: detail })),
  z.object({ object: z.literal('error') }).and(details),
]);
type Details = z.output<typeof details>;

/** Understands the reply to a request that failed. The message holds what the provider said, without secrets. */
export function errorOf(endpoint: Endpoint, status: number, headers: Headers, body: string): ModelError {
  return modelError(endpoint, status, readDetails(body) ?? {}, retryAfter(headers));
}

/** An error that came inside of a stream, where it is one. */
export function errorInStream(endpoint: Endpoint, event: unknown): ModelError | undefined {
  const read = errorBody.safeParse(event);
  if (!read.success) return undefined;
  const found: Details = read.data;
  const status = typeof found.code === 'number' ? found.code : 500;
  return modelError(endpoint, status, found, undefined);
}

function readDetails(body: string): Details | undefined {
  try {
    return errorBody.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

function modelError(endpoint: Endpoint, status: number, found: Details, retryAfterSeconds: number | undefined): ModelError {
  const code = codeOf(status, found);
  const said = found.message === undefined ? '' : ` It says: ${withoutSecrets(found.message.trim(), endpoint.apiKey).slice(0, 1000)}`;
  return new ModelError(code, `"${endpoint.name}" ${advice[code]}${said}`, { retryAfterSeconds });
}

/** Codes of OpenAI and types of the others tell more than the status, which many servers choose freely. */
function codeOf(status: number, { code, type, message = '' }: Details): ModelErrorCode {
  const said = message.toLowerCase();
  if (code === 'insufficient_quota' || type === 'insufficient_quota' || code === 'billing_hard_limit_reached') return 'QUOTA';
  if (code === 'context_length_exceeded' || type === 'exceed_context_size_error') return 'CONTEXT_TOO_LONG';
  if (code === 'model_not_found' || type === 'NotFoundError') return 'MODEL_NOT_FOUND';
  if (type === 'not_found_error' && said.includes('model')) return 'MODEL_NOT_FOUND';
  if (type === 'invalid_request_error' && code === 'invalid_api_key') return 'AUTHENTICATION';
  if (status < 500 && /context (length|size|window)|maximum (context|model) length|too many tokens|prompt is too long/.test(said)) {
    return 'CONTEXT_TOO_LONG';
  }
  if (status >= 400 && status < 500 && /model .*(not found|does not exist)/.test(said)) return 'MODEL_NOT_FOUND';
  if (status >= 500 && /overloaded|at capacity|queue is full/.test(said)) return 'OVERLOADED';
  return byStatus(status);
}

function byStatus(status: number): ModelErrorCode {
  switch (status) {
    case 401:
      return 'AUTHENTICATION';
    case 402:
      return 'QUOTA';
    case 403:
      return 'PERMISSION';
    case 404:
      return 'MODEL_NOT_FOUND';
    case 408:
    case 504:
      return 'TIMEOUT';
    case 413:
      return 'CONTEXT_TOO_LONG';
    case 429:
      return 'RATE_LIMITED';
    case 529:
      return 'OVERLOADED';
    default:
      return status >= 500 ? 'UNAVAILABLE' : 'INVALID_REQUEST';
  }
}

/** What went wrong and what to do, after the name of the endpoint. */
const advice: Record<ModelErrorCode, string> = {
  AUTHENTICATION: 'refuses the key. Set the right apiKey of this endpoint in the settings of the plugin openai-compatible.',
  PERMISSION: 'does not let this key do that. Use a key with the right, or another model.',
  QUOTA: 'has no more credit for this key. Look at the plan and the billing of the account.',
  RATE_LIMITED: 'is asked too often. Wait, or ask for a higher limit.',
  OVERLOADED: 'is overloaded. Try again in a while, or use another model.',
  UNAVAILABLE: 'cannot answer at the moment. Try again in a while, and look at the log of the server if it stays so.',
  TIMEOUT: 'did not answer in time. Try again, or ask for a shorter answer.',
  MODEL_NOT_FOUND: 'has no such model. Look at the list of its models; with Ollama, pull it first.',
  CONTEXT_TOO_LONG: 'cannot take that many tokens. Shorten the prompt, ask for fewer tokens, or use a model with a larger context.',
  INVALID_REQUEST: 'refuses the request. Change the setting that it names.',
  CUT_STREAM: 'broke off its answer. Try again.',
  MALFORMED_REPLY: 'does not speak the protocol.',
  PLUGIN_FAILED: 'could not be asked.',
};
