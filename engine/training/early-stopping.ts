import { z } from 'zod';

/** How long a run has gone without getting better. */
export const patienceSchema = z.object({
  /** The evaluation loss that has to be improved on; null before the first evaluation. */
  reference: z.number().nullable(),
  /** Evaluations in a row that did not. */
  waited: z.int().min(0),
});
export type Patience = z.output<typeof patienceSchema>;

export const freshPatience: Patience = { reference: null, waited: 0 };

/** After one more evaluation. An improvement is at least `minDelta`, so that creeping by less does not count as progress. */
export function evaluated({ reference, waited }: Patience, loss: number, minDelta: number): Patience {
  const hasImproved = reference === null || (minDelta > 0 ? reference - loss >= minDelta : loss < reference);
  return hasImproved ? { reference: loss, waited: 0 } : { reference, waited: waited + 1 };
}
