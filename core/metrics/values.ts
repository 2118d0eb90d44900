import type { NonFinite } from '@anneal/prisma';

/** A number as the database and GraphQL hold it: JSON and some databases know neither NaN nor infinities. */
export interface StoredValue {
  /** Null when it is not a finite number. */
  value: number | null;
  /** Which one it is then. */
  nonFinite: NonFinite | null;
}

export function storedValue(number: number): StoredValue {
  if (Number.isFinite(number)) return { value: number, nonFinite: null };
  if (Number.isNaN(number)) return { value: null, nonFinite: 'NAN' };
  return { value: null, nonFinite: number > 0 ? 'POSITIVE_INFINITY' : 'NEGATIVE_INFINITY' };
}

const numbers: Readonly<Record<NonFinite, number>> = { NAN: NaN, POSITIVE_INFINITY: Infinity, NEGATIVE_INFINITY: -Infinity };

/** The number itself; NaN for a value that is missing. */
export const numberOf = ({ value, nonFinite }: StoredValue): number => value ?? (nonFinite ? numbers[nonFinite] : NaN);

/** As people and other programs write it: `0.25`, `NaN`, `-Infinity`. */
export const textOf = (stored: StoredValue): string => String(numberOf(stored));

export const least = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.min(a, b));
export const greatest = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));
