import { InvalidArgumentError } from 'commander';

/** Reads a number given to an option, and refuses what is outside of its range. */
export function numberIn({ least, most = Infinity, whole = false }: { least: number; most?: number; whole?: boolean }) {
  const kind = `${whole ? 'a whole number' : 'a number'} of ${least}${most === Infinity ? ' or more' : ` to ${most}`}`;
  return (text: string): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) throw new InvalidArgumentError(`It must be ${kind}.`);
    return value;
  };
}

/** Adds a text to those that an option was given before. */
export const another = (text: string, before: readonly string[] = []): string[] => [...before, text];
