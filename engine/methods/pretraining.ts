import type { TrainingMethod } from './method.ts';
import { sft } from './sft.ts';

/**
 * Continued pre-training (Gururangan et al. 2020): the cross-entropy of the next token on plain text, of which every token is a
 * target. The loss is that of supervised fine-tuning; what differs is the data: a text that is longer than the maximum length is not
 * cut off but goes on in the next example.
 */
export const pretraining: TrainingMethod = { ...sft, data: 'text' };
