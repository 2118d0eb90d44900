/** One thing that is wrong with the input: where, and what to do about it. */
export interface Issue {
  /** Dotted path of a configuration field (`optimizer.learningRate`), a file, or a row (`rows.14.output`). */
  path: string;
  message: string;
}

export const engineErrorCodes = [
  'CONFIG_INVALID',
  'MODEL_NOT_FOUND',
  'MODEL_BROKEN',
  'MODEL_UNSUPPORTED',
  'TOKENIZER_BROKEN',
  'DATASET_NOT_FOUND',
  'DATASET_INVALID',
  'ADAPTER_BROKEN',
  'CHECKPOINT_BROKEN',
  'CHECKPOINT_MISMATCH',
  'DEVICE_UNAVAILABLE',
  'EXPORT_FAILED',
  'OUT_OF_MEMORY',
  'DIVERGED',
  'RUN_FOLDER_BUSY',
  'RUN_FOLDER_UNUSABLE',
  'RUNTIME_UNAVAILABLE',
] as const;

export type EngineErrorCode = (typeof engineErrorCodes)[number];

/**
 * Something outside the engine is wrong and a person can mend it. The message says what, where and what to do;
 * it is safe to show. Anything else that is thrown is a bug.
 */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly issues: readonly Issue[];

  constructor(code: EngineErrorCode, message: string, options: { issues?: readonly Issue[]; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.issues = options.issues ?? [];
  }
}
