import { z } from 'zod';

/** What a checkpoint says beside its tensors. */
export const progressSchema = z.object({
  /** Input tokens trained on. */
  tokens: z.int().min(0),
  /** Of the last step. */
  loss: z.number(),
  /** Seconds spent training, over all attempts. */
  seconds: z.number().min(0),
});
export type Progress = z.output<typeof progressSchema>;
