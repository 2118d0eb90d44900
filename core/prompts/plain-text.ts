import { z } from 'zod';
import { Invalid } from '../errors.ts';

/** Characters that are no text, and that databases refuse: NUL, and halves of surrogate pairs. */
const noText = /[\0\p{Surrogate}]/gu;

export const noTextHelp = 'There is a character that is no text (NUL, or half of a pair).';

/** Where the first such character is; -1: nowhere. */
export const findNoText = (text: string): number => text.search(noText);

export const isText = (text: string): boolean => findNoText(text) === -1;

/** A text that every database stores. */
export const plainText = z.string().refine(isText, noTextHelp);

/**
 * For texts that rows are only looked for by.
 * @param fields by where they were given: `filter.category`
 * @throws Invalid with an issue for each that no row can have
 */
export function requireText(fields: Readonly<Record<string, string | null | undefined>>): void {
  const issues = Object.entries(fields).flatMap(([path, text]) => (text == null || isText(text) ? [] : [{ path, message: noTextHelp }]));
  if (issues.length > 0) throw new Invalid(issues.map(({ path, message }) => `${path}: ${message}`).join(' '), issues);
}

/** The beginning of a text, fit to be shown and stored. @param most UTF-16 units */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${readable(text.slice(0, most))}…` : readable(text);
}

/** The same with a mark in place of what is no text. */
export const readable = (text: string): string => text.replaceAll(noText, '\uFFFD');
