import { z } from 'zod';
import type { Prisma, PromptVersion } from '@anneal/prisma';
import { modelIdSchema } from '../prompts/version-content.ts';
import type { CacheUse } from '../output-cache/cache-key.ts';
import { Invalid, LimitExceeded } from '../errors.ts';
import { isText, noTextHelp } from '../prompts/plain-text.ts';
import { defaultAttempts, defaultTimeLimit, longestName, longestTimeLimit, longestVariables, mostAttempts } from './execution-limits.ts';

/** How a model is asked otherwise than the version says. What is left out is as it says. */
const overrides = {
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  maxTokens: z.int().min(1).max(1_000_000).optional(),
  stop: z.array(z.string().min(1).max(200).refine(isText, noTextHelp)).max(16).optional(),
  seed: z.int().min(0).max(2_147_483_647).optional(),
};
const manner = {
  /** With all attempts. */
  timeLimitSeconds: z.number().gt(0).max(longestTimeLimit).default(defaultTimeLimit),
  maxAttempts: z.int().min(1).max(mostAttempts).default(defaultAttempts),
  cache: z.enum(['DEFAULT', 'BYPASS', 'FORCE']).default('DEFAULT'),
};
const name = z.string().min(1).max(longestName).refine(isText, noTextHelp);

/** How something is executed, besides what. */
const settings = z.object({
  model: modelIdSchema.optional(),
  ...overrides,
  ...manner,
  sessionId: name.optional(),
  subjectId: name.optional(),
});
export type ExecutionSettingsInput = z.input<typeof settings>;
export type ExecutionSettings = z.output<typeof settings>;

/** What a model is asked with, as the row of an execution has it. */
const storedParameters = z.object({
  temperature: z.number(),
  topP: z.number().optional(),
  maxTokens: z.int(),
  stop: z.array(z.string()).default([]),
  seed: z.int().optional(),
  ...manner,
  /** Of these, what was not the version's. */
  given: z.object(overrides).default({}),
});
export type ExecutionParameters = z.output<typeof storedParameters>;

export const parametersOf = (stored: Prisma.JsonValue): ExecutionParameters => storedParameters.parse(stored);

/** @throws Invalid with one issue for each value that cannot be */
export function checkedSettings(input: ExecutionSettingsInput): ExecutionSettings {
  const result = settings.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  throw new Invalid(issues.map(({ path, message }) => `${path}: ${message}`).join('; '), issues);
}

const storedVersion = z.object({ temperature: z.number(), topP: z.number(), maxTokens: z.int(), stop: z.array(z.string()) });

/**
 * Texts that executions are looked up by; null: by any.
 * @throws Invalid for what no text of a database is
 */
export function checkSought(filter: Readonly<Record<string, string | null | undefined>>): void {
  const issues = Object.entries(filter).flatMap(([path, text]) => (text == null || isText(text) ? [] : [{ path, message: noTextHelp }]));
  if (issues.length > 0) throw new Invalid(issues.map(({ path, message }) => `${path}: ${message}`).join(' '), issues);
}

/** What a version says. */
export const versionParameters = (version: PromptVersion): z.output<typeof storedVersion> => storedVersion.parse(version);

/** The same out of the database. */
export const settingsOf = (stored: Prisma.JsonValue): ExecutionSettings => settings.parse(stored);

/** What the model is asked with: what the version says, and what is to be otherwise. */
export function parametersFor(
  version: { temperature: number; topP?: number; maxTokens: number; stop?: readonly string[] },
  { temperature, topP, maxTokens, stop, seed, timeLimitSeconds, maxAttempts, cache }: ExecutionSettings,
): ExecutionParameters {
  const otherwise = { temperature: temperature ?? version.temperature, topP: topP ?? version.topP, seed };
  const length = { maxTokens: maxTokens ?? version.maxTokens, stop: stop ?? [...(version.stop ?? [])] };
  const given = { temperature, topP, maxTokens, stop, seed };
  return { ...otherwise, ...length, timeLimitSeconds, maxAttempts, cache: cache satisfies CacheUse, given };
}

const variablesSchema = z.record(z.string(), z.json());
export type Variables = z.output<typeof variablesSchema>;

/** Lists and objects in each other. */
const deepest = 50;

/**
 * Variables as they may be stored.
 * @throws Invalid where they are no JSON object or have what is no text, LimitExceeded where they are too long together
 */
export function checkedVariables(given: unknown): Variables {
  checkParts(given);
  const result = variablesSchema.safeParse(given ?? {});
  if (!result.success) throw invalid('The variables must be an object with a value for each name: {"language": "Python"}.');
  const length = JSON.stringify(result.data).length;
  if (length <= longestVariables) return result.data;
  const [has, most] = [length, longestVariables].map((number) => number.toLocaleString('en'));
  throw new LimitExceeded(`The variables have ${has} characters together; at most ${most} can be sent. Shorten them.`);
}

/** Level by level, so that no depth is too much for the stack. */
function checkParts(given: unknown): void {
  let level: [name: string, value: unknown][] = [['', given]];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw invalid(`The variables are too deep: at most ${deepest} lists and objects can be in each other.`);
    level = level.flatMap(([name, value]) => {
      if (typeof value === 'string' && !isText(value)) throw notText(name);
      if (typeof value !== 'object' || value === null) return [];
      return Object.entries(value).map(([key, inner]): [string, unknown] => {
        if (!isText(key)) throw notText(name);
        return [name || key, inner];
      });
    });
  }
}

const notText = (name: string): Invalid => invalid(`${noTextHelp} Remove it.`, name === '' ? 'variables' : `variables.${name}`);

const invalid = (message: string, path = 'variables') => new Invalid(message, [{ path, message }]);
