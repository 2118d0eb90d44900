import type { TrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { epochOrder, packPool, planEvenly, planPool, poolRandom, poolSteps } from './batches.ts';
import { Collected } from './collected.ts';
import type { Encoding } from './encoding.ts';
import type { FormatReader } from './format-reader.ts';
import type { PlanOptions } from './memory-data.ts';
import { RowProblems } from './row-problems.ts';
import type { StoredRows } from './stored-rows.ts';
import type { TrainingData, TrainingStep } from './training-data.ts';

export interface StreamOptions<Item> extends PlanOptions<Item> {
  rows: StoredRows;
  reader: FormatReader<Item>;
  encoding: Encoding;
  /** How many rows are trained on, and which: places from 0 in an order by chance. */
  count: number;
  rowAt: (place: number) => number;
  /** For messages. */
  name: string;
  badRows: TrainingConfig['data']['badRows'];
}

/** Rows that are looked at to know how long examples are. */
const sampledRows = 512;

/** Of the room in a pool's packed rows, how much is planned to be used: pools differ, and a step should not overflow. */
const packedShare = 0.97;

/** Steps of a pool whose rows were estimated: more even out chance, but are encoded in one go. */
const [mostPoolSteps, mostPoolTokens] = [64, 512 * 1024];

/**
 * Steps over rows that stay on disk: a pool of some steps at a time is read, encoded and planned together. How many rows make
 * these steps is settled beforehand, by the batch, or by a sample where rows are packed or go on in several examples: so the
 * step number alone tells which rows come, and nothing has to be encoded to know how long an epoch is. Where a pool's rows
 * give fewer or more than was expected, its steps are a little smaller or larger.
 */
export async function planStream<Item>(options: StreamOptions<Item>): Promise<Omit<TrainingData<Item>, 'format' | 'validation'>> {
  const { rows, batchSize, gradientAccumulation, seed, count, rowAt, packing, maxLength } = options;
  const sample = await readSample(options);
  const stepRows = batchSize * gradientAccumulation;
  const estimated = isEstimated(options);
  const fitting = Math.floor(mostPoolTokens / (stepRows * maxLength));
  const stepsPerPool = estimated ? Math.max(poolSteps, Math.min(mostPoolSteps, fitting)) : poolSteps;
  const rowsPerPool = Math.max(1, Math.floor(stepsPerPool * stepRows * (estimated ? packedShare * sample.rowsPerUnit : 1)));
  const lastPool = Math.ceil(count / rowsPerPool) - 1;
  const rest = count - lastPool * rowsPerPool;
  const lastSteps = Math.max(1, Math.ceil(estimated ? (stepsPerPool * rest) / rowsPerPool : rest / stepRows));

  let current: { epoch: number; pool: number; steps: Promise<TrainingStep<Item>[]> } | null = null;
  const poolAt = (epoch: number, pool: number) => {
    if (current?.epoch !== epoch || current.pool !== pool) {
      const order = epochOrder(count, { seed, epoch });
      const places = Array.from({ length: pool === lastPool ? rest : rowsPerPool }, (_, index) => order(pool * rowsPerPool + index));
      const indices = places.map(rowAt);
      current = {
        epoch,
        pool,
        steps: readPool(options, indices, pool === lastPool ? lastSteps : stepsPerPool, poolRandom({ seed, epoch }, pool)),
      };
    }
    return current.steps;
  };
  return {
    packed: packing,
    streamed: true,
    trainExamples: count,
    stepsPerEpoch: lastPool * stepsPerPool + lastSteps,
    async step(epoch, index) {
      const steps = await poolAt(epoch, Math.floor(index / stepsPerPool));
      return steps[index % stepsPerPool] ?? { microBatches: [], warnings: [] };
    },
    close: () => rows.close(),
    warnings: sample.warnings,
  };
}

/** Whether a sample tells how many rows make a pool. */
const isEstimated = <Item>({ packing, encoding }: StreamOptions<Item>): boolean => packing || encoding.continues;

/** Reads rows and encodes them. Those that the first look has found to be bad are left out without another word. */
export async function readItems<Item>(
  { rows, reader, encoding, name, badRows }: Pick<StreamOptions<Item>, 'rows' | 'reader' | 'encoding' | 'name' | 'badRows'>,
  indices: readonly number[],
): Promise<{ items: Item[]; collected: Collected<Item>; warnings: string[] }> {
  const problems = new RowProblems(name, badRows);
  const collected = new Collected<Item>(problems);
  for (const index of indices) {
    const { place, row } = await rows.read(index);
    const checked = reader.check(row);
    if (checked.ok || badRows === 'fail') collected.add(place, checked, encoding);
  }
  problems.check();
  const warning = problems.warning();
  return { items: collected.items, collected, warnings: warning === null ? [] : [warning] };
}

async function readPool<Item>(
  options: StreamOptions<Item>,
  indices: readonly number[],
  steps: number,
  random: () => number,
): Promise<TrainingStep<Item>[]> {
  const { items, collected, warnings } = await readItems(options, indices);
  if (items.length === 0) {
    const reasons = collected.warnings(options.encoding).join(' ');
    throw new EngineError(
      'DATASET_INVALID',
      `None of ${indices.length} rows that follow each other in training gives an example. ${reasons}`,
    );
  }
  const { lengthOf, packing, maxLength } = options;
  const units = packing
    ? packPool(items.map(lengthOf), maxLength).map((row) => row.flatMap((place) => items[place] ?? []))
    : items.map((item) => [item]);
  const lengths = units.map((unit) => (packing ? maxLength : unit.reduce((sum, item) => sum + lengthOf(item), 0)));
  const plan = isEstimated(options) ? planEvenly : planPool;
  return plan(lengths, steps, options, random).map((step, index) => ({
    microBatches: step.map((microBatch) => microBatch.map((place) => units[place] ?? [])),
    warnings: index === 0 ? warnings : [],
  }));
}

/** What the first rows of the order by chance are like. */
async function readSample<Item>(options: StreamOptions<Item>): Promise<{ rowsPerUnit: number; warnings: string[] }> {
  const { count, rowAt, lengthOf, packing, maxLength, encoding } = options;
  const sampled = Math.min(sampledRows, count);
  const { items, collected, warnings } = await readItems(
    options,
    Array.from({ length: sampled }, (_, place) => rowAt(place)),
  );
  collected.mustHaveItems(`A sample of ${sampled} rows`, encoding);
  const units = packing ? packPool(items.map(lengthOf), maxLength).length : items.length;
  const found = [...warnings, ...collected.warnings(encoding)].map((warning) => `Among ${sampled} rows taken at random: ${warning}`);
  return { rowsPerUnit: sampled / units, warnings: found };
}
