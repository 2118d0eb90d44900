import { z } from 'zod';
import { hint } from './hint.ts';

/** AdamW. */
export const optimizer = z.strictObject({
  learningRate: z
    .number()
    .min(1e-8)
    .max(1)
    .default(2e-4)
    .meta(hint('Learning rate', 'Peak step size of AdamW, reached after the warm-up. LoRA: about 1e-4 to 3e-3; full: about 1e-5 to 1e-3.')),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .meta(hint('Weight decay', 'Decoupled weight decay (Loshchilov & Hutter 2019). Not applied to norms and biases.', { advanced: true })),
  beta1: z
    .number()
    .min(0)
    .max(0.9999)
    .default(0.9)
    .meta(hint('Beta 1', 'Decay of the running mean of the gradient.', { advanced: true })),
  beta2: z
    .number()
    .min(0)
    .max(0.99999)
    .default(0.999)
    .meta(hint('Beta 2', 'Decay of the running mean of the squared gradient.', { advanced: true })),
  epsilon: z
    .number()
    .min(1e-12)
    .max(1e-2)
    .default(1e-8)
    .meta(hint('Epsilon', 'Added to the denominator of AdamW.', { advanced: true })),
  maxGradientNorm: z
    .number()
    .min(0)
    .max(1e6)
    .default(1)
    .meta(hint('Gradient clipping', 'Gradients are scaled down to this global norm. 0 turns clipping off.', { advanced: true })),
  states: z
    .enum(['float32', 'int8'])
    .default('float32')
    .meta(
      hint(
        'Optimizer states',
        'How the two running means of AdamW are kept. int8: quantised by blocks (Dettmers et al. 2022), a quarter of the memory; tensors under 4,096 weights stay in float32.',
        { advanced: true },
      ),
    ),
});
