import { z } from 'zod';
import { hint } from './hint.ts';

/** How long a run learns and in what batches. */
export const schedule = z.strictObject({
  type: z
    .enum(['cosine', 'linear', 'constant'])
    .default('cosine')
    .meta(
      hint(
        'Schedule',
        'How the learning rate falls after the warm-up: along a cosine or a line, to zero unless a lowest rate is set, or not at all.',
      ),
    ),
  warmupSteps: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(0)
    .meta(hint('Warm-up', 'The learning rate rises linearly over this many steps.', { unit: 'steps' })),
  warmupRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta(hint('Warm-up share', 'The warm-up as a share of all steps. Used when no warm-up in steps is given.', { advanced: true })),
  minLearningRateRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta(hint('Lowest rate', 'Where a cosine or a line ends, as a share of the learning rate.', { advanced: true })),
  epochs: z
    .number()
    .min(0.01)
    .max(1000)
    .default(1)
    .meta(hint('Epochs', 'How often the whole training set is seen.', { unit: 'epochs' })),
  maxSteps: z
    .int()
    .min(0)
    .max(10_000_000)
    .default(0)
    .meta(
      hint('Maximum steps', 'Stops after this many optimizer steps whatever the epochs say. 0: no limit.', {
        unit: 'steps',
        advanced: true,
      }),
    ),
  batchSize: z
    .int()
    .min(1)
    .max(4096)
    .default(8)
    .meta(hint('Batch size', 'Sequences in one forward and backward pass.', { unit: 'sequences' })),
  gradientAccumulation: z
    .int()
    .min(1)
    .max(4096)
    .default(1)
    .meta(
      hint(
        'Gradient accumulation',
        'Passes summed up before the optimizer steps; the loss is normalised by the target tokens of all of them.',
        { unit: 'passes', advanced: true },
      ),
    ),
});
