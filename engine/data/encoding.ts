import type { TrainingConfig } from '../config.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** How text becomes training examples. */
export interface Encoding extends Pick<TrainingConfig['data'], 'maxLength' | 'truncation' | 'lossOn'> {
  tokenizer: Tokenizer;
  /** Whether a text that is too long goes on in the next example, rather than being truncated. */
  continues: boolean;
}

/** The examples of a row, or why it gives none: `reason` completes "the row was skipped because …". */
export type Encoded<Item> = { items: readonly Item[]; cut: boolean } | { items: null; reason: string };

export const promptTooLong = (maxLength: number): string => `the prompt alone fills the maximum length of ${maxLength} tokens`;
export const overLength = (maxLength: number): string => `there are more than ${maxLength} tokens`;
