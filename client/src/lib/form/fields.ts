import type { ResultOf } from '../graphql/tada.ts';
import type { ConfigForm } from './documents.ts';

export type Section = ResultOf<typeof ConfigForm>['trainingConfigForm']['sections'][number];
export type Field = Section['fields'][number];

/** What is typed into each field, by its path. A field that nobody touched is not in it. */
export type Draft = Readonly<Record<string, string>>;

/** A value as it stands in its input: a list with commas, an object as `name = text`, everything else as it is. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, text]) => `${name} = ${String(text)}`)
      .join(', ');
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What the input shows: what was typed, else the default. */
export const shownText = (field: Field, draft: Draft): string => draft[field.path] ?? textOf(field.default);

/**
 * The value that is sent for a text. Something that should be a number and is none is sent as it was typed,
 * so that the studio, which has the last word, can say so at the field.
 */
export function valueOf(field: Pick<Field, 'kind'>, text: string): unknown {
  const trimmed = text.trim();
  if (field.kind === 'LIST') return trimmed === '' ? [] : trimmed.split(/[\s,]+/).filter((entry) => entry !== '');
  if (field.kind === 'BOOLEAN') return trimmed === 'true' || trimmed === 'false' ? trimmed === 'true' : trimmed;
  if (field.kind === 'MAP') return pairsOf(trimmed) ?? trimmed;
  if (field.kind !== 'INTEGER' && field.kind !== 'NUMBER') return trimmed;
  const number = Number(trimmed);
  return trimmed === '' || !Number.isFinite(number) ? trimmed : number;
}

/** `instruction = question, output = answer` as an object; null where a part has no `=`. */
function pairsOf(text: string): Record<string, string> | null {
  const pairs = text
    .split(/[,\n]/)
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.some(([name, value, ...rest]) => !name || !value || rest.length > 0)) return null;
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
}

/** Whether a field says something else than its default. An emptied one means the default again. */
export function differs(field: Field, draft: Draft): boolean {
  const text = draft[field.path];
  if (text === undefined || text.trim() === '') return false;
  return JSON.stringify(valueOf(field, text)) !== JSON.stringify(field.default);
}

/** The part of the configuration that is not the default, nested by the paths. */
export function configOf(sections: readonly Section[], draft: Draft): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const field of sections.flatMap(({ fields }) => fields)) {
    if (differs(field, draft)) place(config, field.path.split('.'), valueOf(field, draft[field.path] ?? ''));
  }
  return config;
}

function place(target: Record<string, unknown>, [key, ...rest]: string[], value: unknown): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner: Record<string, unknown> = { ...asRecord(target[key]) };
  target[key] = inner;
  place(inner, rest, value);
}

/** An object as a record; anything else as an empty one. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The value at a dotted path, or undefined. */
export function valueAt(config: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => asRecord(inner)[key], config);
}
