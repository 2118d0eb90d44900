import type { AliasChange } from '@anneal/prisma';

type Change = Pick<AliasChange, 'toNumber' | 'isRollBack'>;

/**
 * What an alias pointed to before, such that going back again and again leads ever further back.
 * @param changes of the alias, the oldest first
 * @param there numbers of the versions that still exist
 * @returns null when there is nothing to go back to
 */
export function previousNumber(changes: readonly Change[], there: ReadonlySet<number>): number | null {
  const past: (number | null)[] = [];
  for (const { toNumber, isRollBack } of changes) {
    if (!isRollBack) past.push(toNumber);
    // What was gone back over is forgotten.
    else while (past.length > 0 && past.at(-1) !== toNumber) past.pop();
  }
  const current = past.pop() ?? null;
  return past.findLast((number): number is number => number !== null && number !== current && there.has(number)) ?? null;
}
