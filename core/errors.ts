import type { Issue } from '@anneal/engine';
import type { ModelErrorCode, PluginFailureCode } from '@anneal/plugins';

export type StudioErrorCode =
  | 'NOT_FOUND'
  | 'INVALID_INPUT'
  | 'CONFLICT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'UNAVAILABLE'
  | 'LIMIT_EXCEEDED'
  | 'RATE_LIMITED'
  | 'PLUGIN_FAILED';

/** Something that the caller can do something about. The message is for people and safe to show. Anything else that is thrown is a bug. */
export abstract class StudioError extends Error {
  abstract readonly code: StudioErrorCode;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What was asked for does not exist. */
export class NotFound extends StudioError {
  readonly code = 'NOT_FOUND';
}

/** The input is wrong, a field at a time. */
export class Invalid extends StudioError {
  readonly code = 'INVALID_INPUT';
  readonly issues: readonly Issue[];

  constructor(message: string, issues: readonly Issue[], options?: { cause?: unknown }) {
    super(message, options);
    this.issues = issues;
  }
}

/** It does not go together with how things stand: a name that is taken, a run that has ended. */
export class Conflict extends StudioError {
  readonly code = 'CONFLICT';
}

/** The caller has not said who they are, or what they showed is not valid (any more). */
export class Unauthenticated extends StudioError {
  readonly code = 'UNAUTHENTICATED';
}

/** The caller may not do that. */
export class Forbidden extends StudioError {
  readonly code = 'FORBIDDEN';
}

/** Something that the studio needs is not there at the moment. */
export class Unavailable extends StudioError {
  readonly code = 'UNAVAILABLE';
}

/** More than the studio is set to give. */
export class LimitExceeded extends StudioError {
  readonly code = 'LIMIT_EXCEEDED';
}

/** Too often in too short a time. */
export class RateLimited extends StudioError {
  readonly code = 'RATE_LIMITED';
  /** Until it is worth trying again. Seconds, whole. */
  readonly retrySeconds: number;

  constructor(message: string, retrySeconds: number) {
    super(message);
    this.retrySeconds = retrySeconds;
  }
}

/** A plugin gave no answer. */
export class PluginFailed extends StudioError {
  readonly code = 'PLUGIN_FAILED';
  /** What went wrong. */
  readonly reason: PluginFailureCode;
  /** What the model said that it asked; null: it asked none, or that was not the reason. */
  readonly modelErrorCode: ModelErrorCode | null;
  /** Until it is worth asking again; null: not known. Seconds. */
  readonly retryAfterSeconds: number | null;

  constructor(
    message: string,
    about: { reason: PluginFailureCode; modelErrorCode?: ModelErrorCode; retryAfterSeconds?: number; cause?: unknown },
  ) {
    super(message, { cause: about.cause });
    this.reason = about.reason;
    this.modelErrorCode = about.modelErrorCode ?? null;
    this.retryAfterSeconds = about.retryAfterSeconds ?? null;
  }
}
