import { diffLines } from 'diff';
import { isDeepStrictEqual } from 'node:util';
import type { PromptVariable } from './variables.ts';
import type { VersionContent } from './version-content.ts';
import type { PromptExample } from './wording.ts';

/** A line of two texts that are compared. */
export interface LineDifference {
  kind: 'SAME' | 'REMOVED' | 'ADDED';
  /** Without its line break. */
  text: string;
  /** Its number in the first text, from 1; null when it was added. */
  fromLine: number | null;
  /** Its number in the second text, from 1; null when it was removed. */
  toLine: number | null;
}

/** A setting that is not the same. */
export interface FieldDifference {
  field: 'model' | 'temperature' | 'topP' | 'maxTokens' | 'stop';
  from: string | number | string[] | null;
  to: string | number | string[] | null;
}

/** Something that one version has, or both, and not alike. Null: it has none. */
export interface Replaced<T> {
  from: T | null;
  to: T | null;
}

/** Where two versions differ. What is alike is left out; the lines of a text are all there as soon as one differs. */
export interface VersionDifference {
  fields: FieldDifference[];
  systemPrompt: LineDifference[];
  template: LineDifference[];
  /** By name. */
  variables: (Replaced<PromptVariable> & { name: string })[];
  /** Whether they have the same variables, in another order. */
  areVariablesReordered: boolean;
  /** By place, from 1. */
  examples: (Replaced<PromptExample> & { place: number })[];
}

const settings = ['model', 'temperature', 'topP', 'maxTokens', 'stop'] as const;

/** More lines than this that were removed or added are not put side by side: everything is removed and added. */
const mostEdits = 1000;

/** Compares two versions, field by field. */
export function compareContents(from: VersionContent, to: VersionContent): VersionDifference {
  const variables = comparedVariables(from.variables, to.variables);
  return {
    fields: settings
      .filter((field) => !isDeepStrictEqual(from[field], to[field]))
      .map((field) => ({ field, from: from[field], to: to[field] })),
    systemPrompt: comparedLines(from.systemPrompt, to.systemPrompt),
    template: comparedLines(from.template, to.template),
    variables,
    areVariablesReordered: variables.length === 0 && from.variables.some(({ name }, index) => name !== to.variables[index]?.name),
    examples: comparedExamples(from.examples, to.examples),
  };
}

/** Line by line, by the algorithm of Myers (1986). @returns nothing when the texts are the same */
export function comparedLines(from: string, to: string): LineDifference[] {
  if (from === to) return [];
  const [first, second] = [linesOf(from), linesOf(to)];
  // Every line ends with a break here, so that the last one is not another one because of what follows it.
  const whole = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('');
  const changes = diffLines(whole(first), whole(second), { maxEditLength: mostEdits }) ?? [
    { value: whole(first), removed: true, added: false },
    { value: whole(second), removed: false, added: true },
  ];
  let [fromLine, toLine] = [0, 0];
  return changes.flatMap(({ value, removed, added }) =>
    value
      .slice(0, -1)
      .split('\n')
      .map((text): LineDifference => {
        if (removed) return { kind: 'REMOVED', text, fromLine: (fromLine += 1), toLine: null };
        if (added) return { kind: 'ADDED', text, fromLine: null, toLine: (toLine += 1) };
        return { kind: 'SAME', text, fromLine: (fromLine += 1), toLine: (toLine += 1) };
      }),
  );
}

/** An empty text has no lines. */
const linesOf = (text: string): string[] => (text === '' ? [] : text.split('\n'));

function comparedVariables(from: readonly PromptVariable[], to: readonly PromptVariable[]): VersionDifference['variables'] {
  const [before, after] = [from, to].map((list) => new Map(list.map((variable) => [variable.name, variable])));
  const names = [...new Set([...from, ...to].map(({ name }) => name))];
  return names
    .map((name) => ({ name, from: before?.get(name) ?? null, to: after?.get(name) ?? null }))
    .filter((pair) => !isDeepStrictEqual(pair.from, pair.to));
}

function comparedExamples(from: readonly PromptExample[], to: readonly PromptExample[]): VersionDifference['examples'] {
  return Array.from({ length: Math.max(from.length, to.length) }, (_, index) => ({
    place: index + 1,
    from: from[index] ?? null,
    to: to[index] ?? null,
  })).filter((pair) => !isDeepStrictEqual(pair.from, pair.to));
}
