import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTrainingConfig } from '../../config.ts';
import { loadTokenizer, type Tokenizer } from '../../tokenizer/tokenizer.ts';
import { loadPreferenceData, loadTrainingData } from '../dataset.ts';
import { type Example, ignoredLabel } from '../example.ts';
import type { FormatName } from '../formats/formats.ts';
import type { DataSettings, LoadOptions } from '../load-rows.ts';
import type { DataLocation } from '../source.ts';
import type { TrainingData, TrainingStep } from '../training-data.ts';

/** A tokenizer of the golden ones, with a `tokenizer_config.json` of its own. */
export async function makeTokenizer(folder: string, kind: 'byte-level' | 'sentencepiece', config: unknown): Promise<Tokenizer> {
  await mkdir(folder, { recursive: true });
  const own = await mkdtemp(join(folder, 'tokenizer-'));
  await copyFile(fileURLToPath(new URL(`../../tokenizer/golden/${kind}/tokenizer.json`, import.meta.url)), join(own, 'tokenizer.json'));
  await writeFile(join(own, 'tokenizer_config.json'), JSON.stringify(config));
  return loadTokenizer(own);
}

export const specialTokens = { bos_token: '<|begin|>', eos_token: '<|end|>' };

export const dataSettings = (changes: Partial<DataSettings>): DataSettings => ({
  ...parseTrainingConfig({}).data,
  validationShare: 0,
  ...changes,
});

export const loadOptions = (tokenizer: Tokenizer, changes: Partial<LoadOptions> = {}): LoadOptions => ({
  tokenizer: () => Promise.resolve(tokenizer),
  model: { vocabularySize: 1000, maxPositions: 1024 },
  batchSize: 1,
  gradientAccumulation: 1,
  seed: 1,
  ...changes,
});

/** Every step of an epoch. */
export async function epochOf<Item>(data: TrainingData<Item>, epoch = 0): Promise<TrainingStep<Item>[]> {
  const steps: TrainingStep<Item>[] = [];
  for (let index = 0; index < data.stepsPerEpoch; index++) steps.push(await data.step(epoch, index));
  return steps;
}

export const itemsOf = <Item>(steps: readonly TrainingStep<Item>[]): Item[] => steps.flatMap(({ microBatches }) => microBatches.flat(2));

/** Loads a dataset and takes an epoch out of it, by batches of one. */
export async function load(
  changes: Partial<DataSettings>,
  tokenizer: Tokenizer,
  location?: DataLocation,
  options: Partial<LoadOptions> = {},
) {
  const data = await loadTrainingData(dataSettings(changes), loadOptions(tokenizer, options), location);
  try {
    return { ...data, train: itemsOf(await epochOf(data)) };
  } finally {
    await data.close();
  }
}

/** As `load`, for pairs of answers. */
export async function loadPairs(changes: Partial<DataSettings>, tokenizer: Tokenizer, location?: DataLocation) {
  const data = await loadPreferenceData(dataSettings(changes), loadOptions(tokenizer), location);
  return { ...data, train: itemsOf(await epochOf(data)) };
}

export async function buildExamples(rows: readonly unknown[], format: FormatName | 'auto', tokenizer: Tokenizer, maxLength: number) {
  const { train, ...rest } = await load({ format, maxLength }, tokenizer, { rows });
  return { examples: train, ...rest };
}

/** The whole text of an example, and the parts on which the loss is taken. */
export function decoded({ inputIds, labels }: Example, tokenizer: Tokenizer): { text: string; targets: string[] } {
  if (inputIds.length !== labels.length) throw new Error(`${inputIds.length} ids and ${labels.length} labels`);
  const targets: number[][] = [];
  labels.forEach((label, index) => {
    if (label === ignoredLabel) return;
    if (label !== inputIds[index]) throw new Error(`label ${label} for the token ${inputIds[index]}`);
    if (index === 0 || labels[index - 1] === ignoredLabel) targets.push([]);
    targets.at(-1)?.push(label);
  });
  const decode = (ids: ArrayLike<number>) => tokenizer.decode(Array.from(ids), { skipSpecialTokens: false });
  return { text: decode(inputIds), targets: targets.map(decode) };
}

/** The only example there is, decoded. */
export function only(examples: readonly Example[], tokenizer: Tokenizer): { text: string; targets: string[] } {
  const [example, ...others] = examples;
  if (!example || others.length > 0) throw new Error(`${examples.length} examples`);
  return decoded(example, tokenizer);
}
