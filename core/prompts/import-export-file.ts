import { setImmediate } from 'node:timers/promises';
import type { Issue } from '@anneal/engine';
import { z } from 'zod';
import { Invalid, LimitExceeded } from '../errors.ts';
import { type FileFormat, linesOf, type Path, readText } from './import-export-text.ts';
import { isLabel, labelHelp, mostLabels, mostLabelsHelp } from './labels.ts';
import { promptSchema } from './prompt-input.ts';
import { type CheckedVersion, contentHash, inspectVersion } from './version-content.ts';

export const fileLimits = { characters: 5_000_000, prompts: 1000, versions: 5000 } as const;

/** A prompt of a file. */
export interface FilePrompt extends z.output<typeof promptSchema> {
  /** Numbers of the versions within the file that labels point to. */
  labels: ReadonlyMap<string, number>;
  /** Ordered by number; no two have the same content. */
  versions: (CheckedVersion & { number: number })[];
}

const fileSchema = z.strictObject({
  anneal: z.literal('prompts', 'This is not a file of prompts: it has to begin with anneal: prompts.'),
  formatVersion: z.literal(1, 'Only formatVersion 1 is known.'),
  prompts: z
    .array(z.unknown())
    .min(1, 'There is no prompt in it.')
    .max(fileLimits.prompts, `A file has at most ${fileLimits.prompts.toLocaleString('en-US')} prompts.`),
});

const filePromptSchema = promptSchema.extend({
  labels: z
    .record(z.string().refine(isLabel, labelHelp), z.int('A label points to the number of a version.'))
    .refine((labels) => Object.keys(labels).length <= mostLabels, mostLabelsHelp)
    .default({}),
  versions: z.array(z.unknown(), 'A prompt has a list of versions.').min(1, 'A prompt has at least one version.'),
});

const numberSchema = z.looseObject({
  number: z.int('A version has a whole number from 1.').min(1, 'A version has a whole number from 1.'),
});

/** At most so many issues are told at a time. */
const mostIssues = 50;

/** Something that is wrong, and where. */
export interface FileIssue {
  path: Path;
  message: string;
}

type Tell = (path: readonly PropertyKey[], message: string) => void;

/**
 * Reads a file of prompts.
 * @throws LimitExceeded when it is too long, Invalid with an issue for everything that is wrong, each with its path and line
 */
export async function readPromptFile(text: string, format: FileFormat): Promise<FilePrompt[]> {
  if (text.length > fileLimits.characters) {
    const [length, limit] = [text.length, fileLimits.characters].map((count) => count.toLocaleString('en-US'));
    throw new LimitExceeded(`The file has ${length} characters; at most ${limit} can be imported at once. Import it in parts.`);
  }
  const read = await readText(text, format);
  if ('problem' in read) throw refusal([{ path: 'text', message: `${inLine(read.line)}${read.problem}` }]);
  const issues: FileIssue[] = [];
  const told: Tell = (path, message) =>
    void issues.push({ path: path.map((key) => (typeof key === 'number' ? key : String(key))), message });
  const file = fileSchema.safeParse(read.value);
  for (const issue of file.error?.issues ?? []) told(issue.path, issue.message);
  const prompts: FilePrompt[] = [];
  for (const [index, given] of (file.data?.prompts ?? []).entries()) {
    const prompt = await readPrompt(given, ['prompts', index], told);
    if (!prompt) continue;
    if (prompts.some(({ name }) => name === prompt.name)) told(['prompts', index, 'name'], `There are two prompts named "${prompt.name}".`);
    prompts.push(prompt);
  }
  if (prompts.reduce((sum, { versions }) => sum + versions.length, 0) > fileLimits.versions)
    told(['prompts'], `A file has at most ${fileLimits.versions.toLocaleString('en-US')} versions.`);
  if (issues.length > 0) throw await fileRefusal(text, issues);
  return prompts;
}

/** A refusal that names the lines of what is wrong. */
export async function fileRefusal(text: string, issues: readonly FileIssue[]): Promise<Invalid> {
  const shown = issues.slice(0, mostIssues);
  const lines = await linesOf(
    text,
    shown.map(({ path }) => path),
  );
  return refusal(shown.map(({ path, message }, index) => ({ path: path.join('.'), message: `${inLine(lines[index])}${message}` })));
}

/** @returns undefined when something is wrong with it, which was told */
async function readPrompt(given: unknown, path: Path, told: Tell): Promise<FilePrompt | undefined> {
  const parsed = filePromptSchema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) told([...path, ...issue.path], issue.message);
  if (!parsed.success) return undefined;
  const { versions: list, labels, ...fields } = parsed.data;
  const versions: FilePrompt['versions'] = [];
  for (const [index, version] of list.entries()) {
    // Thousands of them take a second in which others are to be answered.
    if (index % 50 === 0) await setImmediate();
    versions.push(...(readVersion(version, [...path, 'versions', index], told) ?? []));
  }
  const [numbers, hashes] = [new Set<number>(), new Map<string, number>()];
  for (const [index, { number, content }] of versions.entries()) {
    const [at, hash] = [[...path, 'versions', index], contentHash(content)];
    if (numbers.has(number)) told([...at, 'number'], `There are two versions with the number ${number}.`);
    const same = hashes.get(hash);
    if (same !== undefined) told(at, `Version ${number} has the very same content as version ${same}.`);
    numbers.add(number);
    hashes.set(hash, number);
  }
  for (const [label, number] of Object.entries(labels))
    if (!numbers.has(number))
      told([...path, 'labels', label], `The label "${label}" points to version ${number}, which is not in the file.`);
  return { ...fields, labels: new Map(Object.entries(labels)), versions: versions.sort((a, b) => a.number - b.number) };
}

function readVersion(given: unknown, path: Path, told: Tell): FilePrompt['versions'] | undefined {
  const parsed = numberSchema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) told([...path, ...issue.path], issue.message);
  if (!parsed.success) return undefined;
  const { number, ...rest } = parsed.data;
  const inspected = inspectVersion(rest);
  if ('content' in inspected) return [{ number, ...inspected }];
  // Numbers in paths are places of lists.
  for (const issue of inspected.issues)
    told([...path, ...issue.path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key))], issue.message);
  return undefined;
}

const inLine = (line: number | undefined): string => (line === undefined ? '' : `Line ${line} of the file: `);

function refusal(issues: Issue[]): Invalid {
  const more = issues.length > 1 ? ` There ${issues.length === 2 ? 'is 1 more issue' : `are ${issues.length - 1} more issues`}.` : '';
  return new Invalid(
    `The file cannot be imported; nothing was changed. ${issues[0]?.path ?? ''}: ${issues[0]?.message ?? ''}${more}`,
    issues,
  );
}
