import type { TrainingConfig } from '../../config.ts';
import { alpaca } from './alpaca.ts';
import type { AnyFormat } from './format.ts';
import { messages } from './messages.ts';
import { promptCompletion } from './prompt-completion.ts';
import { text } from './text.ts';

export type FormatName = Exclude<TrainingConfig['data']['format'], 'auto'>;

/** Every dataset format, in the order in which detection asks. A new one is a file and a line here. */
export const formats: Record<FormatName, AnyFormat> = { messages, alpaca, 'prompt-completion': promptCompletion, text };

export const formatNames: readonly FormatName[] = ['messages', 'alpaca', 'prompt-completion', 'text'];

/**
 * The format that most of the rows could be: whose fields they have. Null where none fits any row.
 * @param rows the first few of a dataset
 */
export function detectFormat(rows: readonly unknown[]): FormatName | null {
  let best: FormatName | null = null;
  let most = 0;
  for (const name of formatNames) {
    const count = rows.filter(
      (row) => typeof row === 'object' && row !== null && formats[name].fields.every((field) => Object.hasOwn(row, field)),
    ).length;
    if (count > most) [best, most] = [name, count];
  }
  return best;
}
