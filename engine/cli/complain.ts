import { EngineError, type Issue } from '../errors.ts';

/** Tells on stderr what went wrong. What a person can mend has no stack; everything else is a mistake in Anneal. */
export function complain(error: unknown): void {
  if (error instanceof EngineError) console.error(describe(error.message, error.issues));
  else console.error('This is an error inside Anneal.', error);
}

/** The message, and what it does not say yet of the issues, each with its place. */
export function describe(message: string, issues: readonly Issue[]): string {
  const more = issues.filter((issue) => !message.includes(issue.message));
  return [message, ...more.map((issue) => `  ${issue.path}: ${issue.message}`)].join('\n');
}
