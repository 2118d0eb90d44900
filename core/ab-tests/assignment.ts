import { createHash } from 'node:crypto';

/**
 * Where a subject stands in a test: always the same, and as if drawn by lot. The first 48 bits of the SHA-256 of `<test id>:<subject id>`
 * as a fraction. The id of the test is part of it, so that a subject's place in one test says nothing about its place in another.
 * @returns a number from 0 to below 1
 */
export function placeOf(testId: string, subjectId: string): number {
  return createHash('sha256').update(`${testId}:${subjectId}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

/**
 * The variant in whose share a place lies. The shares follow one another in the order of the variants.
 * @param place from 0 to below 1
 * @param variants at least one, with weights above 0
 */
export function variantAt<Variant extends { weight: number }>(variants: readonly Variant[], place: number): Variant {
  const total = variants.reduce((sum, { weight }) => sum + weight, 0);
  let upTo = 0;
  const found = variants.find(({ weight }) => place * total < (upTo += weight));
  // Sums of fractions may stay a little below the whole.
  const chosen = found ?? variants.at(-1);
  if (!chosen) throw new Error('A test has at least two variants.');
  return chosen;
}
