import { z } from 'zod';
import { hint } from './hint.ts';

/** What happens when the loss diverges. */
export const guard = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .meta(
      hint(
        'Guard',
        'When the loss is no longer a number, or explodes, training goes back to the last good checkpoint and on from there with a lower learning rate. Off: a loss that is no longer a number ends the run.',
        { advanced: true },
      ),
    ),
  maxRollbacks: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .meta(hint('Roll-backs', 'How often the guard goes back before it gives the run up.', { advanced: true })),
  rateFactor: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.5)
    .meta(
      hint('Rate after a roll-back', 'What the learning rate is multiplied with for the rest of the run, each time.', { advanced: true }),
    ),
  spikeFactor: z
    .number()
    .min(0)
    .max(1000)
    .default(3)
    .meta(
      hint(
        'Explosion',
        'The loss has exploded when its moving average (about 20 steps) is more than this many times its lowest value so far. 0: only a loss that is no longer a number counts.',
        { advanced: true },
      ),
    ),
});
