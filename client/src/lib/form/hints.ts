import { formatInteger } from '../format/number.ts';
import type { Field } from './fields.ts';

const plain = (value: number): string => (Number.isInteger(value) && Math.abs(value) >= 10_000 ? formatInteger(value) : String(value));

/** `1 to 4,096 sequences`, `at least 1`, or nothing when a field has no limits. */
export function rangeHint({ minimum, maximum, unit }: Pick<Field, 'minimum' | 'maximum' | 'unit'>): string {
  const range =
    minimum !== null && maximum !== null
      ? `${plain(minimum)} to ${plain(maximum)}`
      : minimum !== null
        ? `at least ${plain(minimum)}`
        : maximum !== null
          ? `at most ${plain(maximum)}`
          : '';
  return [range, range ? unit : null].filter(Boolean).join(' ');
}

/** What is wrong with a text before it is sent, or null. It only advises: the studio checks for itself. */
export function adviseOn(field: Field, text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === '' || (field.kind !== 'INTEGER' && field.kind !== 'NUMBER')) return null;
  const number = Number(trimmed);
  if (!Number.isFinite(number)) return trimmed.includes(',') ? 'Write the decimals with a point.' : 'This is not a number.';
  if (field.kind === 'INTEGER' && !Number.isInteger(number)) return 'This must be a whole number.';
  if ((field.minimum !== null && number < field.minimum) || (field.maximum !== null && number > field.maximum)) {
    return `This is out of range: ${rangeHint(field)}.`;
  }
  return null;
}
