import type { TrainingConfig } from '../../config.ts';
import type { Example } from '../example.ts';
import { alpaca } from './alpaca.ts';
import type { FormatFields, RowFormat } from './format.ts';
import { messages } from './messages.ts';
import { preference } from './preference.ts';
import { promptCompletion } from './prompt-completion.ts';
import { sharegpt } from './sharegpt.ts';
import { text } from './text.ts';
import { tokens } from './tokens.ts';

export type FormatName = Exclude<TrainingConfig['data']['format'], 'auto'>;

/** Formats whose rows are training sequences. A new one is a file and a line here. */
export const sequenceFormats: Readonly<Record<Exclude<FormatName, 'preference' | 'tokens'>, RowFormat<Example>>> = {
  messages,
  sharegpt,
  alpaca,
  'prompt-completion': promptCompletion,
  text,
};

/** Every format. */
export const formats: Readonly<Record<FormatName, FormatFields>> = { ...sequenceFormats, preference, tokens };

/** In the order in which detection asks. */
export const formatNames: readonly FormatName[] = ['tokens', 'preference', 'messages', 'sharegpt', 'alpaca', 'prompt-completion', 'text'];

/** Every field that some format knows. */
export const knownFields: readonly string[] = [
  ...new Set(formatNames.flatMap((name) => [...formats[name].fields, ...formats[name].optional])),
];

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
