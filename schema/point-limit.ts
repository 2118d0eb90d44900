import { GraphQLError } from 'graphql';

/** Most points of one curve in one answer. */
export const maximumPoints = 5000;

/** @throws GraphQLError for a number of points that no curve has */
export function pointLimit(maxPoints: number | null | undefined): number {
  const points = maxPoints ?? 500;
  if (points < 1 || points > maximumPoints) {
    throw new GraphQLError(`"maxPoints" is ${points}; a curve has 1 to ${maximumPoints} buckets.`, {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  return points;
}

/** A hundred points of a curve cost as much as a field. */
export const seriesCost = (runs: number, keys: number, maxPoints: number | null | undefined): { field: number; multiplier: number } => ({
  field: 1 + Math.ceil((runs * keys * pointLimit(maxPoints)) / 100),
  multiplier: 1,
});
