import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { BatchShape } from './batches.ts';
import { encodeRows } from './encode-rows.ts';
import type { Encoding } from './encoding.ts';
import { formatReader, type FormatReader } from './format-reader.ts';
import type { RowFormat } from './formats/format.ts';
import type { FormatName } from './formats/formats.ts';
import type { ModelLimits } from './formats/tokens.ts';
import { planInMemory } from './memory-data.ts';
import type { Report } from './report.ts';
import { RowProblems } from './row-problems.ts';
import { checkRows, storeRows } from './scan.ts';
import type { RowSource } from './source.ts';
import { StoredRows } from './stored-rows.ts';
import { planStream, readItems } from './streamed-data.ts';
import { isStreamed, mostHeldOut } from './streaming.ts';
import type { TrainingData } from './training-data.ts';
import { heldOutCount, ownValidation, splitItems, splitOrder } from './validation.ts';

export type DataSettings = TrainingConfig['data'];

export interface LoadOptions extends BatchShape {
  seed: number;
  /** Asked for when there is text to encode. */
  tokenizer: () => Promise<Tokenizer>;
  /** What the model takes, for a dataset of tokens. */
  model: ModelLimits;
  /** Whether texts that are too long go on in the next example, and every token of them is learned. */
  continues?: boolean;
  /** How far downloads and the first pass over the rows are. */
  report?: Report;
}

/** What rows are read as. */
export interface RowKind<Item> {
  name: FormatName;
  format: RowFormat<Item>;
  /** Tokens of an example. */
  lengthOf: (item: Item) => number;
}

/** Checks every row, and plans the steps: over examples in memory, or over rows on disk. */
export function loadRows<Item>(
  source: RowSource,
  settings: DataSettings,
  options: LoadOptions,
  kind: RowKind<Item>,
): Promise<TrainingData<Item>> {
  const reader = formatReader(kind.format, settings.columns);
  return (isStreamed(source, settings) ? onDisk : inMemory)(source, settings, options, kind, reader);
}

async function inMemory<Item>(
  source: RowSource,
  settings: DataSettings,
  options: LoadOptions,
  kind: RowKind<Item>,
  reader: FormatReader<Item>,
): Promise<TrainingData<Item>> {
  const { seed, batchSize, gradientAccumulation, report } = options;
  const problems = () => new RowProblems(source.name, settings.badRows);
  const found = problems();
  await checkRows(source, reader, found, report);
  // What is wrong comes out before the long work.
  found.check();
  const encoding = await encodingOf(settings, options);
  const { items, warnings } = await encodeRows(source, reader, encoding, problems(), { report });
  const own = await ownValidation(settings, reader, encoding, report);
  const { train, validation } = own ? { train: items, validation: own.items } : splitItems(items, settings.validationShare, seed);
  const isAlone = settings.validationShare > 0 && validation.length === 0;
  const more = isAlone ? ['There is only one example, so none is held out and there is no evaluation.'] : (own?.warnings ?? []);
  const { maxLength, packing } = settings;
  const plan = planInMemory(train, { batchSize, gradientAccumulation, seed, maxLength, packing, lengthOf: kind.lengthOf });
  return { format: kind.name, validation, warnings: [...warnings, ...more], ...plan };
}

async function onDisk<Item>(
  source: RowSource,
  settings: DataSettings,
  options: LoadOptions,
  kind: RowKind<Item>,
  reader: FormatReader<Item>,
): Promise<TrainingData<Item>> {
  const { seed, batchSize, gradientAccumulation, report } = options;
  const { badRows } = settings;
  const found = new RowProblems(source.name, badRows);
  const rows = new StoredRows(source, await storeRows(source, reader, found, report));
  try {
    found.check();
    if (found.count >= rows.count)
      throw new EngineError('DATASET_INVALID', `${source.name} has no row that can be used. ${found.warning() ?? ''}`.trim());
    const encoding = await encodingOf(settings, options);
    const reading = { rows, reader, encoding, name: source.name, badRows };
    const own = await ownValidation(settings, reader, encoding, report);
    const heldOut = own ? 0 : heldOutCount(rows.count, settings.validationShare, mostHeldOut);
    const order = splitOrder(rows.count, seed);
    const validation =
      own ??
      (await readItems(
        reading,
        Array.from({ length: heldOut }, (_, place) => order(place)),
      ));
    const { maxLength, packing } = settings;
    const shape = { batchSize, gradientAccumulation, seed, maxLength, packing, lengthOf: kind.lengthOf };
    const plan = await planStream({ ...shape, ...reading, rowAt: (place) => order(heldOut + place), count: rows.count - heldOut });
    const warning = found.warning();
    const warnings = [...(warning === null ? [] : [warning]), ...plan.warnings, ...(own?.warnings ?? [])];
    return { format: kind.name, validation: validation.items, ...plan, warnings };
  } catch (error) {
    await rows.close();
    throw error;
  }
}

async function encodingOf(settings: DataSettings, { tokenizer, continues = false }: LoadOptions): Promise<Encoding> {
  const { maxLength, truncation, lossOn } = settings;
  return { tokenizer: await tokenizer(), maxLength, truncation, lossOn: continues ? 'all' : lossOn, continues };
}
