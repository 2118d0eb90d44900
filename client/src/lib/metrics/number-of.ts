/** What a number is that JSON does not know. */
export type NonFinite = 'NAN' | 'POSITIVE_INFINITY' | 'NEGATIVE_INFINITY';

const numbers: Readonly<Record<NonFinite, number>> = { NAN: NaN, POSITIVE_INFINITY: Infinity, NEGATIVE_INFINITY: -Infinity };

/** A value as the API answers it, as a number; NaN where there is none. Charts leave a gap for what is not finite. */
export const numberOf = (value: number | null, nonFinite: NonFinite | null = null): number =>
  value ?? (nonFinite ? numbers[nonFinite] : NaN);
