import type { z } from 'zod';

const kindNames: Record<string, string> = {
  int: 'a whole number',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
};

/** What is wrong with a value, in words that name the limit. */
export function explain(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int' ? `It must be at least ${issue.minimum}.` : 'It must not be empty.';
    case 'too_big':
      return `It must be at most ${issue.maximum}.`;
    case 'invalid_value':
      return `It must be one of ${issue.values.map(String).join(', ')}.`;
    case 'invalid_type':
      return `It must be ${kindNames[issue.expected] ?? `a ${issue.expected}`}.`;
    default:
      return issue.message;
  }
}
