import type { Failure, StatusFailure } from './answer.ts';

const kinds: Record<StatusFailure, { status: number; type: string; message: string }> = {
  unauthorized: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  forbidden: { status: 403, type: 'permission_error', message: 'Your API key does not have permission to use the specified resource.' },
  notFound: { status: 404, type: 'not_found_error', message: 'model: unknown' },
  contextTooLong: { status: 400, type: 'invalid_request_error', message: 'prompt is too long: 208310 tokens > 200000 maximum' },
  invalidSetting: {
    status: 400,
    type: 'invalid_request_error',
    message: 'max_tokens: 900000 > 128000, which is the maximum allowed number of output tokens',
  },
  tooLarge: { status: 413, type: 'request_too_large', message: 'Request exceeds the maximum size' },
  rateLimited: { status: 429, type: 'rate_limit_error', message: "This request would exceed your organization's rate limit." },
  quota: { status: 400, type: 'invalid_request_error', message: 'Your credit balance is too low to access the Anthropic API.' },
  timeout: { status: 504, type: 'timeout_error', message: 'Request timed out' },
  serverError: { status: 500, type: 'api_error', message: 'Internal server error' },
  unavailable: { status: 503, type: 'api_error', message: 'Service unavailable' },
  overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
};

/** An error as Anthropic tells it (https://platform.claude.com/docs/en/api/errors). */
export function anthropicError(
  type: StatusFailure,
  failure: Partial<Failure> & { model?: string } = {},
): { status: number; body: unknown; headers: Record<string, string> } {
  const kind = kinds[type];
  const message = failure.message ?? (type === 'notFound' ? `model: ${failure.model ?? 'unknown'}` : kind.message);
  const headers = { 'request-id': 'req_test', 'x-should-retry': 'true' };
  return {
    status: kind.status,
    body: { type: 'error', error: { type: kind.type, message }, request_id: 'req_test' },
    headers: failure.retryAfterSeconds === undefined ? headers : { ...headers, 'retry-after': String(failure.retryAfterSeconds) },
  };
}
