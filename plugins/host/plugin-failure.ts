import type { Issue } from '../kit/context.ts';

/**
 * Why a plugin gave no answer.
 * About the plugin as it lies there: MANIFEST_INVALID, KIT_MISMATCH (written for another kit), SOURCE_INVALID (it cannot be built, or
 * imports what it may not).
 * About its process, which was ended: START_FAILED (its module threw), START_TIMEOUT, EXITED, MEMORY (more than its limit), PROCESSOR (busy
 * without a call), NOT_RESPONDING (one piece of code kept it from answering), OUTPUT_FLOOD (standard output), CHANNEL_FLOOD (more messages
 * than agreed), MALFORMED_MESSAGE, IGNORED_CANCEL (a call went on after it was cancelled or its time was up), BACKING_OFF (it failed again
 * and again; it is started again after a while), STOPPED (on request).
 * About one call: SETTINGS_INVALID, INPUT_INVALID (with issues), METHOD_UNKNOWN, BUSY (too many at once), TIMEOUT, CANCELLED, THREW,
 * RESULT_INVALID (not what its schema says), RESULT_TOO_LARGE.
 */
export const pluginFailureCodes = [
  'MANIFEST_INVALID',
  'KIT_MISMATCH',
  'SOURCE_INVALID',
  'START_FAILED',
  'START_TIMEOUT',
  'EXITED',
  'MEMORY',
  'PROCESSOR',
  'NOT_RESPONDING',
  'OUTPUT_FLOOD',
  'CHANNEL_FLOOD',
  'MALFORMED_MESSAGE',
  'IGNORED_CANCEL',
  'BACKING_OFF',
  'STOPPED',
  'SETTINGS_INVALID',
  'INPUT_INVALID',
  'METHOD_UNKNOWN',
  'BUSY',
  'TIMEOUT',
  'CANCELLED',
  'THREW',
  'RESULT_INVALID',
  'RESULT_TOO_LARGE',
] as const;
export type PluginFailureCode = (typeof pluginFailureCodes)[number];

/** Why a process ended, in words that continue "the plugin …". */
export interface Ending {
  code: PluginFailureCode;
  message: string;
}

/** A plugin gave no answer. The message is for people: which plugin, what is wrong, what to do. */
export class PluginFailure extends Error {
  readonly code: PluginFailureCode;
  /** Of the input or the settings, where they are the reason. */
  readonly issues: readonly Issue[];
  /** Until it is worth asking again, where that is known. Seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: PluginFailureCode,
    message: string,
    options: { issues?: readonly Issue[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'PluginFailure';
    this.code = code;
    this.issues = options.issues ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
