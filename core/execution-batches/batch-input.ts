import type { Issue } from '@anneal/engine';
import type { Prisma } from '@anneal/prisma';
import { z } from 'zod';
import { Invalid } from '../errors.ts';
import type { PromptVariable } from '../prompts/variables.ts';
import type { ColumnRow } from '../datasets/data-protocol.ts';
import { checkedSettings, type ExecutionSettings, type ExecutionSettingsInput } from '../executions/execution-input.ts';
import { mostConcurrency, usualConcurrency } from './batch-limits.ts';

/** Where the value of a variable comes from. */
export interface VariableColumn {
  variable: string;
  /** Of the dataset; `messages.0.content` for what lies inside of one. */
  column: string;
}

export interface BatchSettingsInput extends Omit<ExecutionSettingsInput, 'sessionId' | 'subjectId'> {
  /** Rows that are asked at a time. */
  concurrency?: number;
  /** Only the first rows. Left out: all. */
  limit?: number;
}

const own = z.object({
  concurrency: z.int().min(1).max(mostConcurrency).default(usualConcurrency),
  limit: z.int().min(1).optional(),
});

/** @throws Invalid with one issue for each value that cannot be */
export function checkedBatchSettings({ concurrency, limit, ...input }: BatchSettingsInput): {
  settings: ExecutionSettings;
  concurrency: number;
  limit: number | undefined;
} {
  const result = own.safeParse({ concurrency, limit });
  if (!result.success) throw invalid(result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
  return { settings: checkedSettings(input), concurrency: result.data.concurrency, limit: result.data.limit };
}

const stored = z.record(z.string(), z.string());

/** { variable: column }, as the row of a batch has it. */
export const columnsOf = (value: Prisma.JsonValue): Record<string, string> => stored.parse(value);

/**
 * The columns that variables are taken from: those that are named, and for the other variables the columns of their own names.
 * @param first row of the dataset
 * @returns { variable: column }
 * @throws Invalid for what the prompt or the dataset does not have
 */
export function chosenColumns(
  variables: readonly PromptVariable[],
  first: ColumnRow,
  given: readonly VariableColumn[],
): Record<string, string> {
  const issues: Issue[] = [];
  const names = variables.map(({ name }) => name);
  const chosen = new Map<string, string>();
  for (const [index, { variable, column }] of given.entries()) {
    const path = `columns.${index}`;
    if (!names.includes(variable))
      issues.push({ path: `${path}.variable`, message: `The prompt has no variable "${variable}". ${listed('It has', names)}` });
    else if (chosen.has(variable)) issues.push({ path: `${path}.variable`, message: `"${variable}" is named twice.` });
    else chosen.set(variable, column);
    if (first.problem === null && !Object.hasOwn(first.values, column))
      issues.push({ path: `${path}.column`, message: `The first row has no column "${column}". ${listed('It has', first.names)}` });
  }
  for (const { name, required, default: fallback } of variables) {
    if (chosen.has(name)) continue;
    if (first.names.includes(name)) chosen.set(name, name);
    else if (required && fallback === undefined)
      issues.push({ path: 'columns', message: `Say which column "${name}" is taken from. ${listed('There are', first.names)}` });
  }
  if (issues.length > 0) throw invalid(issues);
  return Object.fromEntries(chosen);
}

const listed = (begin: string, names: readonly string[]): string =>
  names.length === 0 ? `${begin} none.` : `${begin} ${names.slice(0, 20).join(', ')}.`;

const invalid = (issues: readonly Issue[]): Invalid =>
  new Invalid(issues.map(({ path, message }) => `${path}: ${message}`).join('; '), issues);
