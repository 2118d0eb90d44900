import type { z } from 'zod';

/** What is wrong with a row, in words: `"output" is missing`. */
export function describeIssue(issue: z.core.$ZodIssue, row: unknown): { text: string; field: string } {
  if (issue.path.length === 0) return { text: `is ${kindOf(row)}, not a JSON object`, field: '' };
  const field = issue.path.join('.');
  const value = valueAt(row, issue.path);
  return { text: `"${field}"${whatIsWrong(issue, value)}`, field };
}

/** Follows the name of the field. */
function whatIsWrong(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'custom' || issue.code === 'invalid_value') return inOwnWords(issue.message);
  if (value === undefined || value === null) return ' is missing';
  if (issue.code === 'invalid_union') {
    // The alternative whose kind fits, and what is wrong inside of it; else none fits.
    const inner = issue.errors.find(([first]) => first !== undefined && !(first.code === 'invalid_type' && first.path.length === 0))?.[0];
    if (inner) {
      const innerValue = valueAt(value, inner.path);
      return inner.path.length === 0 ? whatIsWrong(inner, value) : `: "${inner.path.join('.')}"${whatIsWrong(inner, innerValue)}`;
    }
    const [first] = issue.errors[0] ?? [];
    if (first) return whatIsWrong(first, value);
  }
  if (issue.code !== 'invalid_type') return inOwnWords(issue.message);
  return ` is ${kindOf(value)}, not ${expected[issue.expected] ?? `a ${issue.expected}`}`;
}

/** Messages of schemas go on behind the name of the field, or stand for themselves. */
const inOwnWords = (message: string): string => (/^(is|must) /.test(message) ? ` ${message}` : `: ${message}`);

const expected: Record<string, string> = {
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  object: 'a JSON object',
  record: 'a JSON object',
};

const valueAt = (row: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined), row);

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'binary';
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}
