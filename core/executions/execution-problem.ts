import { ModelError } from '@anneal/plugins';
import type { Issue } from '@anneal/engine';
import { Invalid, LimitExceeded, StudioError } from '../errors.ts';

/** Why an execution has no answer: the code for programs, the message for people. */
export interface ExecutionProblem {
  code: string;
  message: string;
  issues: readonly Issue[];
}

/** An execution ended for a reason that is not its model's. */
export class ExecutionFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'ExecutionFailure';
    this.code = code;
  }
}

/** The server ends while it works on something. */
export const serverStopped = () =>
  new ExecutionFailure('SERVER_STOPPED', 'The server was stopped before the answer was whole. Try it again with retryExecution.');

/** What is told of an error; undefined: it is a bug, and nobody's business. */
function known(error: unknown): ExecutionProblem | undefined {
  if (error instanceof ModelError || error instanceof ExecutionFailure) return { code: error.code, message: error.message, issues: [] };
  if (error instanceof Invalid) return { code: codeOf(error.issues), message: error.message, issues: error.issues };
  if (error instanceof LimitExceeded) return { code: 'TOO_LARGE', message: error.message, issues: [] };
  return error instanceof StudioError ? { code: error.code, message: error.message, issues: [] } : undefined;
}

export const isKnownProblem = (error: unknown): boolean => known(error) !== undefined;

/** What an execution that failed so is recorded with. */
export const problemOf = (error: unknown): ExecutionProblem =>
  known(error) ?? {
    code: 'INTERNAL',
    message: 'It failed because of an error inside Anneal; the log of the server says which. Try it again.',
    issues: [],
  };

/** What an input that could not be is called, by the first thing that is wrong with it. */
function codeOf(issues: readonly Issue[]): string {
  const [path = ''] = issues.map((issue) => issue.path);
  if (path === 'model') return 'MODEL_NOT_FOUND';
  if (path.startsWith('variables')) return 'VARIABLES_INVALID';
  if (path.startsWith('includes')) return 'INCLUDES_INVALID';
  return path.startsWith('template') || path.startsWith('systemPrompt') ? 'TEMPLATE_INVALID' : 'INVALID_INPUT';
}
