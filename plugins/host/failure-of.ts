import { ModelError } from '../kit/model-error.ts';
import type { CallError } from './messages.ts';
import { PluginFailure } from './plugin-failure.ts';

const codes = {
  threw: 'THREW',
  input: 'INPUT_INVALID',
  settings: 'SETTINGS_INVALID',
  result: 'RESULT_INVALID',
  tooLarge: 'RESULT_TOO_LARGE',
  unknownMethod: 'METHOD_UNKNOWN',
} as const;

/** What a call fails with, from what the plugin told. */
export function failureOf(plugin: string, error: CallError): PluginFailure | ModelError {
  if (error.kind === 'model') return new ModelError(error.code, error.message, { retryAfterSeconds: error.retryAfterSeconds });
  const issues = 'issues' in error ? error.issues : [];
  return new PluginFailure(codes[error.kind], `the plugin ${plugin}: ${error.message}`, { issues });
}
