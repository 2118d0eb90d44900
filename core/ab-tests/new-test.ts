import { AbMetric } from '@anneal/prisma';
import { z } from 'zod';
import { Invalid } from '../errors.ts';
import { plainText } from '../prompts/plain-text.ts';
import { modelIdSchema } from '../prompts/version-content.ts';

const nameHelp = 'A name has 1 to 100 characters.';
const weightHelp = 'A weight above 0 and at most 1,000,000 is needed.';
const alphaHelp =
  'A number from 0.001 to 0.2 is needed: how many of 100 tests without a difference may be called different, divided by 100.';

const schema = z.strictObject({
  name: plainText.trim().min(1, nameHelp).max(100, nameHelp),
  metric: z.enum(AbMetric),
  alpha: z.number(alphaHelp).min(0.001, alphaHelp).max(0.2, alphaHelp).default(0.05),
  variants: z
    .array(
      z.strictObject({
        name: plainText.trim().min(1, nameHelp).max(100, nameHelp),
        promptVersionId: plainText,
        model: modelIdSchema.nullable().default(null),
        weight: z.number(weightHelp).gt(0, weightHelp).max(1_000_000, weightHelp).default(1),
      }),
    )
    .min(2, 'A test has two to ten variants.')
    .max(10, 'A test has two to ten variants.')
    .superRefine((variants, context) => {
      for (const [index, variant] of variants.entries()) {
        const before = variants.slice(0, index);
        if (before.some(({ name }) => name === variant.name))
          context.addIssue({ code: 'custom', path: [index, 'name'], message: `There are two variants named "${variant.name}".` });
        if (before.some(({ promptVersionId, model }) => promptVersionId === variant.promptVersionId && model === variant.model)) {
          context.addIssue({
            code: 'custom',
            path: [index, 'promptVersionId'],
            message: 'Another variant has the same version and model.',
          });
        }
      }
    }),
});

export type NewTestFields = z.input<typeof schema>;

/** @throws Invalid with an issue for each field that is wrong */
export function checkedTest(fields: NewTestFields): z.output<typeof schema> {
  const result = schema.safeParse(fields);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new Invalid(`The test is not valid: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, issues);
}
