import type { Issue } from '@anneal/engine';
import { z } from 'zod';
import { Invalid } from '../errors.ts';

const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254, 'An e-mail address has at most 254 characters.')
  .pipe(z.email('This is no e-mail address; it looks like ada@lab.example.'));
const name = z.string().trim().min(1, 'A name has 1 to 100 characters.').max(100, 'A name has 1 to 100 characters.');
const password = z.string().superRefine((text, context) => {
  const characters = [...text].length;
  if (characters < 12) context.addIssue(`A password has at least 12 characters; this one has ${characters}. A few words make a good one.`);
  if (characters > 200) context.addIssue(`A password has at most 200 characters; this one has ${characters}.`);
});

export interface AccountInput {
  email: string;
  password: string;
  name: string;
}

/**
 * The e-mail address in lower case, the name without blanks around it.
 * @throws Invalid with an issue for each field that is wrong
 */
export function checkAccount(input: AccountInput): AccountInput {
  const shape = z.object({ email, password, name });
  const result = shape.safeParse(input);
  const issues = result.success ? [] : issuesOf(result.error);
  if (input.password.trim() !== '' && input.password.trim().toLowerCase() === input.email.trim().toLowerCase()) {
    issues.push({ path: 'password', message: 'A password must not be the e-mail address.' });
  }
  if (!result.success || issues.length > 0) throw invalid('The account is not valid', issues);
  return result.data;
}

/** @throws Invalid naming the field `path` */
export function checkPassword(text: string, path: string): void {
  const result = password.safeParse(text);
  if (!result.success) throw invalid('The password is not valid', issuesOf(result.error, path));
}

/** As it is stored. What is no address at all comes back too: nobody has it. */
export const normalizedEmail = (text: string): string => text.trim().toLowerCase();

const issuesOf = (error: z.ZodError, path?: string): Issue[] =>
  error.issues.map((issue) => ({ path: path ?? issue.path.join('.'), message: issue.message }));

const invalid = (what: string, issues: Issue[]) => new Invalid(`${what}: ${issues.map(({ message }) => message).join(' ')}`, issues);
