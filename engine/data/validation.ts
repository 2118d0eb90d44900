import type { TrainingConfig } from '../config.ts';
import { deriveSeed } from '../random.ts';
import type { Encoding } from './encoding.ts';
import { encodeRows } from './encode-rows.ts';
import type { FormatReader } from './format-reader.ts';
import { permutation } from './permutation.ts';
import { type Report, silently } from './report.ts';
import { RowProblems } from './row-problems.ts';
import { openSource } from './source.ts';
import { isStreamed, mostHeldOut } from './streaming.ts';

/** A purpose of its own among the seeds of a run. */
const splitPurpose = 0x5117;

/** An order of all rows by chance: the first of them are held out. */
export const splitOrder = (count: number, seed: number): ((place: number) => number) => permutation(count, deriveSeed(seed, splitPurpose));

/**
 * How many of `count` rows are held out: the share, rounded, but at least one on each side.
 * @param share 0 to 1; 0 holds out none
 */
export const heldOutCount = (count: number, share: number, most = Infinity): number =>
  share === 0 || count < 2 ? 0 : Math.min(most, count - 1, Math.max(1, Math.round(share * count)));

/** Holds out a share of the items, the same for the same seed. */
export function splitItems<Item>(items: readonly Item[], share: number, seed: number): { train: Item[]; validation: Item[] } {
  const heldOut = heldOutCount(items.length, share);
  const order = splitOrder(items.length, seed);
  const inOrder = items.flatMap((_, place) => items[order(place)] ?? []);
  return { train: inOrder.slice(heldOut), validation: inOrder.slice(0, heldOut) };
}

/** The dataset that `validationPath` names, in memory; null where there is none. */
export async function ownValidation<Item>(
  settings: TrainingConfig['data'],
  reader: FormatReader<Item>,
  encoding: Encoding,
  report: Report = silently,
): Promise<{ items: Item[]; warnings: string[] } | null> {
  if (settings.validationPath === '') return null;
  const location = { path: settings.validationPath, revision: settings.revision, split: 'validation', keyFile: settings.keyFile };
  const source = await openSource(location, Object.values(settings.columns), report);
  const problems = new RowProblems(source.name, settings.badRows);
  const { items, isWhole, warnings } = await encodeRows(source, reader, encoding, problems, {
    most: isStreamed(source, settings) ? mostHeldOut : Infinity,
    report,
  });
  const more = isWhole ? [] : [`only the first ${mostHeldOut} rows are used.`];
  return { items, warnings: [...warnings, ...more].map((warning) => `Validation data: ${warning}`) };
}
