import { ModelError, type ModelErrorCode, PluginFailure, type PluginFailureCode } from '@anneal/plugins';
import { Invalid, PluginFailed } from '../errors.ts';

/** What a caller is told of a plugin that gave no answer to what they asked. @param field that held the input */
export function explainPluginError(error: unknown, field: string): unknown {
  if (error instanceof ModelError) {
    return new PluginFailed(error.message, {
      reason: 'THREW',
      modelErrorCode: error.code,
      retryAfterSeconds: error.retryAfterSeconds,
      cause: error,
    });
  }
  if (!(error instanceof PluginFailure)) return error;
  const { code: reason, message, issues, retryAfterSeconds } = error;
  if (reason !== 'INPUT_INVALID') return new PluginFailed(message, { reason, retryAfterSeconds, cause: error });
  const placed = issues.map((issue) => ({ path: issue.path === '' ? field : `${field}.${issue.path}`, message: issue.message }));
  return new Invalid(message, placed.length > 0 ? placed : [{ path: field, message }], { cause: error });
}

/** Failures of plugins in the words of models. Any other one is the plugin's own. */
const modelCodes: Partial<Record<PluginFailureCode, ModelErrorCode>> = {
  SETTINGS_INVALID: 'AUTHENTICATION',
  INPUT_INVALID: 'INVALID_REQUEST',
  METHOD_UNKNOWN: 'INVALID_REQUEST',
  BUSY: 'OVERLOADED',
  BACKING_OFF: 'UNAVAILABLE',
  STOPPED: 'UNAVAILABLE',
  TIMEOUT: 'TIMEOUT',
  RESULT_INVALID: 'MALFORMED_REPLY',
  RESULT_TOO_LARGE: 'MALFORMED_REPLY',
};

/** The same for a question to a model. */
export function asModelError(error: unknown): unknown {
  if (!(error instanceof PluginFailure)) return error;
  const { code, message, retryAfterSeconds } = error;
  return new ModelError(modelCodes[code] ?? 'PLUGIN_FAILED', message, { retryAfterSeconds, cause: error });
}
