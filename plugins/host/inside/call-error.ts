import { z } from 'zod';
import { modelErrorCodes } from '../../kit/model-error.ts';
import { type CallError, longestText } from '../messages.ts';

/** Errors of the kit come from the plugin's own copy of it: they are known by name and shape, not by class. */
const issues = z.array(z.object({ path: z.string(), message: z.string() }));
const known = z.discriminatedUnion('name', [
  z.object({ name: z.literal('InputProblem'), message: z.string(), issues, isAboutSettings: z.boolean() }),
  z.object({ name: z.literal('ResultProblem'), message: z.string() }),
  z.object({ name: z.literal('ResultTooLarge'), message: z.string() }),
  z.object({ name: z.literal('ModelError'), message: z.string(), code: z.enum(modelErrorCodes), retryAfterSeconds: z.number().optional() }),
]);

/** What the studio is told about what a plugin threw. */
export function callErrorOf(error: unknown): CallError {
  const { data } = known.safeParse(error);
  switch (data?.name) {
    case 'InputProblem':
      return { kind: data.isAboutSettings ? 'settings' : 'input', message: brief(data.message), issues: briefIssues(data.issues) };
    case 'ResultProblem':
      return { kind: 'result', message: brief(data.message) };
    case 'ResultTooLarge':
      return { kind: 'tooLarge', message: brief(data.message) };
    case 'ModelError':
      return { kind: 'model', message: brief(data.message), code: data.code, retryAfterSeconds: data.retryAfterSeconds };
    case undefined:
      return { kind: 'threw', message: brief(error instanceof Error ? error.message || error.name : String(error)) };
  }
}

const brief = (message: string): string => message.slice(0, longestText);

const briefIssues = (found: z.output<typeof issues>) =>
  found.slice(0, 1000).map(({ path, message }) => ({ path: path.slice(0, 1000), message: brief(message) }));
