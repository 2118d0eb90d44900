import { createHash } from 'node:crypto';
import type { Issue } from '@anneal/engine';
import type { PromptVersion } from '@anneal/prisma';
import { z } from 'zod';
import { Invalid } from '../errors.ts';
import { isText, noTextHelp, plainText } from './plain-text.ts';
import { type Include, inspectWording } from './template.ts';
import { readWording, type Wording } from './wording.ts';

const temperatureHelp = 'A temperature from 0 to 2 is needed; 0 always takes the most likely token.';
const topPHelp = 'A number above 0 and at most 1 is needed.';
const maxTokensHelp = 'A whole number from 1 to 1,000,000 tokens is needed.';
const stopHelp = 'A text to stop at has 1 to 200 characters.';

/** Name of a language model: of its plugin, and within it. */
export const modelIdSchema = plainText
  .trim()
  .regex(/^[\w.-]{1,100}\/\S{1,300}$/, 'A model is named plugin/model: claude/claude-sonnet-4-5.');

/** What a version is asked with. What is left out is as it says here. The wording is looked at by `inspectWording`. */
const versionSchema = z.strictObject({
  model: modelIdSchema.nullable().default(null),
  temperature: z.number(temperatureHelp).min(0, temperatureHelp).max(2, temperatureHelp).default(0),
  topP: z.number(topPHelp).gt(0, topPHelp).max(1, topPHelp).default(1),
  maxTokens: z.int(maxTokensHelp).min(1, maxTokensHelp).max(1_000_000, maxTokensHelp).default(1024),
  stop: z
    .array(z.string(stopHelp).refine(isText, noTextHelp).min(1, stopHelp).max(200, stopHelp))
    .max(16, 'There are at most 16 texts to stop at.')
    .default([]),
  systemPrompt: z.string('A system prompt is a text.').default(''),
  template: z.string('A template is needed: what the model is to be asked.'),
  variables: z.unknown().optional(),
  examples: z.unknown().optional(),
  notes: z.string('Notes are a text.').refine(isText, noTextHelp).trim().max(10_000, 'Notes have at most 10,000 characters.').default(''),
});

/** The wording of a prompt, and what it is asked with. */
export interface VersionContent extends Wording {
  /** plugin/model; null: whoever executes it says which. */
  model: string | null;
  /** 0–2 */
  temperature: number;
  /** Of tokens: above 0, at most 1. */
  topP: number;
  /** 1–1,000,000 */
  maxTokens: number;
  /** At most 16, of 1–200 characters. */
  stop: string[];
}

/** The same, as somebody gives it: what may be left out has the usual value. */
export type VersionInput = z.input<typeof versionSchema>;

/** A version that can be stored. */
export interface CheckedVersion {
  content: VersionContent;
  includes: Include[];
  notes: string;
}

/**
 * Checks a version, its templates included.
 * @throws Invalid with an issue for each field that is wrong
 */
export function checkedVersion(input: VersionInput): CheckedVersion {
  const checked = inspectVersion(input);
  if ('content' in checked) return checked;
  const { issues } = checked;
  const told = issues.slice(0, 3).map(({ path, message }) => `${path}: ${message}`);
  throw new Invalid(`The version is not valid: ${told.join(' ')}`, issues);
}

/** The same for those who have more to check: what it comes to, or everything that is wrong. */
export function inspectVersion(input: unknown): CheckedVersion | { issues: Issue[] } {
  const parsed = versionSchema.safeParse(input);
  if (!parsed.success) return { issues: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
  const { notes, systemPrompt, template, variables, examples, ...settings } = parsed.data;
  const { wording, issues, includes } = inspectWording({ systemPrompt, template, variables, examples });
  if (issues.length > 0) return { issues: issues.map(({ path, message }) => ({ path, message })) };
  return { content: { ...settings, ...wording }, includes, notes };
}

/** SHA-256 of the fields, hexadecimal. Notes are no part of it; includes follow from the texts. */
export function contentHash({ model, temperature, topP, maxTokens, stop, ...wording }: VersionContent): string {
  const { systemPrompt, template, variables, examples } = wording;
  const fields = [model, temperature, topP, maxTokens, stop, systemPrompt, template, variables, examples];
  return createHash('sha256')
    .update(JSON.stringify(inOrder(fields)))
    .digest('hex');
}

/** The same value with the keys of all objects in alphabetical order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}

/** The content of a version, as it was stored. */
export function storedContent(version: Pick<PromptVersion, keyof VersionContent>): VersionContent {
  const { model, temperature, topP, maxTokens, stop, ...wording } = version;
  return { model, temperature, topP, maxTokens, stop: z.array(z.string()).parse(stop), ...readWording(wording).wording };
}

const includesSchema = z.array(z.object({ name: z.string(), label: z.string().nullable() }));

/** The other prompts that a version includes, as they were stored. */
export const storedIncludes = (includes: unknown): Include[] => includesSchema.parse(includes);

/** A checked version as columns. */
export const storable = ({ content, includes, notes }: CheckedVersion) => ({
  ...content,
  variables: content.variables.map((variable) => ({ ...variable })),
  examples: content.examples.map((example) => ({ ...example })),
  includes: includes.map((include) => ({ ...include })),
  contentHash: contentHash(content),
  notes,
});
