/**
 * Why a model gave no answer:
 * AUTHENTICATION: the key is missing or wrong. PERMISSION: it may not do that. QUOTA: what it may spend is used up.
 * RATE_LIMITED: too often. OVERLOADED, UNAVAILABLE: the provider cannot at the moment. TIMEOUT: it took too long.
 * MODEL_NOT_FOUND: it has no such model. CONTEXT_TOO_LONG: question and answer do not fit. INVALID_REQUEST: it refuses a setting.
 * CUT_STREAM: the answer broke off. MALFORMED_REPLY: it does not speak its protocol. PLUGIN_FAILED: the plugin itself went wrong.
 */
export const modelErrorCodes = [
  'AUTHENTICATION',
  'PERMISSION',
  'QUOTA',
  'RATE_LIMITED',
  'OVERLOADED',
  'UNAVAILABLE',
  'TIMEOUT',
  'MODEL_NOT_FOUND',
  'CONTEXT_TOO_LONG',
  'INVALID_REQUEST',
  'CUT_STREAM',
  'MALFORMED_REPLY',
  'PLUGIN_FAILED',
] as const;
export type ModelErrorCode = (typeof modelErrorCodes)[number];

const passing: ReadonlySet<ModelErrorCode> = new Set([
  'RATE_LIMITED',
  'OVERLOADED',
  'UNAVAILABLE',
  'TIMEOUT',
  'CUT_STREAM',
  'PLUGIN_FAILED',
]);

/** A model gave no answer. The message is for people: what is wrong and what to do; no secret is in it. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  /** After which the provider wants to be asked again, where it says so. Seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ModelErrorCode, message: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'ModelError';
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  /** Whether the same question may be answered later. */
  get isPassing(): boolean {
    return passing.has(this.code);
  }
}
