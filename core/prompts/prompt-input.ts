import { z } from 'zod';
import { Invalid } from '../errors.ts';
import { namePattern } from './names.ts';
import { plainText } from './plain-text.ts';
import { tagsSchema } from './tags.ts';

const nameHelp = 'A name has 1 to 100 characters, of a to z, 0 to 9 and "-", with "/" between folders: code/review.';
const categoryHelp = 'A category is one word of at most 50 characters, of a to z, 0 to 9 and "-": code-review.';

export const promptSchema = z.strictObject({
  name: z.string().trim().max(100, nameHelp).regex(namePattern, nameHelp),
  description: plainText.trim().max(10_000, 'A description has at most 10,000 characters.').default(''),
  category: z
    .string()
    .trim()
    .regex(/^[a-z0-9-]{0,50}$/, categoryHelp)
    .default(''),
  useCase: plainText.trim().max(1000, 'A use case has at most 1,000 characters.').default(''),
  tags: tagsSchema.default([]),
});

/** What people say about a prompt, as opposed to how it is worded. */
export interface PromptFields {
  /** 1–100 of `a-z`, `0-9` and `-`, with `/` between folders. */
  name: string;
  /** At most 10,000 characters. */
  description?: string;
  /** One word of at most 50 characters. */
  category?: string;
  /** At most 1,000 characters. */
  useCase?: string;
  /** At most 20, of 1–50 characters each. */
  tags?: readonly string[];
}

/**
 * Checks what somebody says about a prompt.
 * @throws Invalid with an issue for each field that is wrong
 */
export function checkedFields(fields: PromptFields): z.output<typeof promptSchema> {
  const { name, description, category, useCase, tags } = fields;
  const result = promptSchema.safeParse({ name, description, category, useCase, tags });
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new Invalid(`The prompt is not valid: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, issues);
}
