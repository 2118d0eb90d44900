import type { Failure, StatusFailure } from './answer.ts';

/** Whose sentences and shapes the errors have; the rest of the protocol is the same. */
export type OpenAiDialect = 'openai' | 'vllm' | 'ollama' | 'llamacpp';

interface ErrorKind {
  status: number;
  type: string;
  code: string | null;
  message: string;
  param?: string;
}

const kinds: Record<StatusFailure, ErrorKind> = {
  unauthorized: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  forbidden: { status: 403, type: 'invalid_request_error', code: 'model_not_allowed', message: 'Project has no access to this model.' },
  notFound: { status: 404, type: 'invalid_request_error', code: 'model_not_found', message: 'The model does not exist.', param: 'model' },
  contextTooLong: {
    status: 400,
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
    message: "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
    param: 'messages',
  },
  invalidSetting: {
    status: 400,
    type: 'invalid_request_error',
    code: 'unsupported_value',
    message: "Unsupported value: 'temperature' does not support 0 with this model.",
    param: 'temperature',
  },
  tooLarge: { status: 413, type: 'invalid_request_error', code: null, message: 'Maximum content size limit exceeded.' },
  rateLimited: { status: 429, type: 'requests', code: 'rate_limit_exceeded', message: 'Rate limit reached for requests.' },
  quota: {
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    message: 'You exceeded your current quota, please check your plan and billing details.',
  },
  timeout: { status: 504, type: 'server_error', code: null, message: 'The upstream server timed out.' },
  serverError: { status: 500, type: 'server_error', code: null, message: 'The server had an error while processing your request.' },
  unavailable: { status: 503, type: 'server_error', code: null, message: 'The service is unavailable.' },
  overloaded: { status: 503, type: 'server_error', code: 'server_overloaded', message: 'The engine is currently overloaded.' },
};

/** An error as a server of this kind tells it. */
export function openAiError(
  dialect: OpenAiDialect,
  type: StatusFailure,
  failure: Partial<Failure> & { model?: string } = {},
): { status: number; body: unknown; headers: Record<string, string> } {
  const kind = kinds[type];
  const headers: Record<string, string> =
    failure.retryAfterSeconds === undefined ? {} : { 'retry-after': String(failure.retryAfterSeconds) };
  return { status: kind.status, body: bodyOf(dialect, type, kind, failure), headers };
}

function bodyOf(dialect: OpenAiDialect, type: StatusFailure, kind: ErrorKind, failure: Partial<Failure> & { model?: string }): unknown {
  const { status, code, param } = kind;
  const message = failure.message ?? (type === 'notFound' ? notFound(dialect, failure.model ?? '') : kind.message);
  switch (dialect) {
    case 'openai':
      return { error: { message, type: kind.type, param: param ?? null, code } };
    case 'vllm':
      if (type === 'unauthorized') return { error: 'Unauthorized' };
      return { object: 'error', message, type: type === 'notFound' ? 'NotFoundError' : 'BadRequestError', param: null, code: status };
    case 'ollama':
      return { error: { message, type: type === 'notFound' ? 'not_found_error' : 'api_error', param: null, code: null } };
    case 'llamacpp': {
      if (type === 'contextTooLong') {
        const sentence = 'the request exceeds the available context size, try increasing it';
        return { error: { code: status, message: sentence, type: 'exceed_context_size_error', n_prompt_tokens: 9000, n_ctx: 4096 } };
      }
      const loading = type === 'unavailable' ? { message: 'Loading model', type: 'unavailable_error' } : { message, type: 'server_error' };
      return { error: { code: status, ...loading } };
    }
  }
}

function notFound(dialect: OpenAiDialect, model: string): string {
  if (dialect === 'ollama') return `model "${model}" not found, try pulling it first`;
  return `The model \`${model}\` does not exist${dialect === 'openai' ? ' or you do not have access to it' : ''}.`;
}
