import { EngineError } from '../errors.ts';
import type { Example, PreferenceExample } from './example.ts';
import { findFormat } from './format-reader.ts';
import { sequenceFormats } from './formats/formats.ts';
import { preference } from './formats/preference.ts';
import { type DataSettings, type LoadOptions, loadRows } from './load-rows.ts';
import { type DataLocation, openSource } from './source.ts';
import { loadTokenSteps } from './token-steps.ts';
import type { TrainingData } from './training-data.ts';

/**
 * Reads a dataset of training sequences, checks every row of it, and plans its optimizer steps.
 * @param location where the rows are, when not at `settings.path`
 * @throws EngineError `DATASET_NOT_FOUND`; `DATASET_INVALID` naming the rows that are wrong (up to 20) by their numbers;
 *   `CONFIG_INVALID` where the column map names what does not exist
 */
export async function loadTrainingData(
  settings: DataSettings,
  options: LoadOptions,
  location: DataLocation = settings,
): Promise<TrainingData<Example>> {
  const source = await openSource(location, Object.values(settings.columns), options.report);
  const name = await findFormat(source, settings);
  if (name === 'tokens') return loadTokenSteps(source, settings, options.model, options.report);
  if (name === 'preference') {
    throw new EngineError(
      'DATASET_INVALID',
      `${source.name} holds pairs of answers, which the methods dpo, orpo and reward learn from. To learn the better answers only, set data.format to "prompt-completion" and data.columns to {"completion": "chosen"}.`,
    );
  }
  return loadRows(source, settings, options, { name, format: sequenceFormats[name], lengthOf: ({ inputIds }) => inputIds.length });
}

/**
 * Reads a dataset of pairs of answers, as `loadTrainingData`.
 * @throws EngineError as there, and `DATASET_INVALID` where the rows are no pairs
 */
export async function loadPreferenceData(
  settings: DataSettings,
  options: LoadOptions,
  location: DataLocation = settings,
): Promise<TrainingData<PreferenceExample>> {
  const source = await openSource(location, Object.values(settings.columns), options.report);
  const name = await findFormat(source, settings);
  if (name !== 'preference') {
    throw new EngineError(
      'DATASET_INVALID',
      `${source.name} is in the format ${name}, but this method learns from pairs: it needs ${preference.needs}.`,
    );
  }
  if (settings.packing) {
    const message = 'Pairs of answers cannot be packed. Turn packing off.';
    throw new EngineError('CONFIG_INVALID', `The configuration is not valid: data.packing: ${message}`, {
      issues: [{ path: 'data.packing', message }],
    });
  }
  const lengthOf = ({ chosen, rejected }: PreferenceExample) => Math.max(chosen.inputIds.length, rejected.inputIds.length);
  return loadRows(source, settings, options, { name, format: preference, lengthOf });
}
