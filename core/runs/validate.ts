import fs from 'node:fs/promises';
import path from 'node:path';
import {
  EngineError,
  inspectDataset,
  inspectModel,
  type Issue,
  loadTokenizer,
  parseTrainingConfig,
  resolveModelFolder,
  type TrainingConfig,
} from '@anneal/engine';
import { Invalid } from '../errors.ts';

/**
 * Checks a training configuration before a run is queued: its form, and that model and dataset are there.
 * Relative paths are taken from the data folder; in what is returned they are absolute.
 * @throws Invalid with one issue for each field that is wrong, named `config.…`
 */
export async function validateConfig(input: unknown, dataFolder: string): Promise<TrainingConfig> {
  const config = parse(input);
  const model = { ...config.model, base: absolute(config.model.base, dataFolder) };
  const data = { ...config.data, path: absolute(config.data.path, dataFolder) };
  const resolved = { ...config, model, data };
  const modelIssue = await issueOf('model.base', inspectModel(resolveModelFolder(model.base)));
  // Rows can be read as training would only with the model's tokenizer.
  const datasetCheck = modelIssue ? checkExistence(data.path) : checkRows(resolved);
  const dataIssue = await issueOf('data.path', datasetCheck);
  const issues = [modelIssue, dataIssue].flatMap((issue) => issue ?? []);
  if (issues.length > 0) throw invalid(issues);
  return resolved;
}

function parse(input: unknown): TrainingConfig {
  try {
    return parseTrainingConfig(input);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'CONFIG_INVALID') throw invalid(error.issues);
    throw error;
  }
}

const bundled = 'bundled';

const absolute = (given: string, dataFolder: string): string => (given === bundled ? given : path.resolve(dataFolder, given));

/** Rows of a dataset that are looked at before a run is queued; the worker checks them all. */
const rowsChecked = 1000;

/** What the engine says of a field's folder or file. */
async function issueOf(path: string, check: Promise<unknown>): Promise<Issue | null> {
  try {
    await check;
    return null;
  } catch (error) {
    if (error instanceof EngineError) return { path, message: error.message };
    throw error;
  }
}

async function checkExistence(file: string): Promise<void> {
  if (file === bundled || (await fs.stat(file).catch(() => null))?.isFile()) return;
  throw new EngineError('DATASET_NOT_FOUND', `There is no dataset file ${file}. Give a JSONL file, one JSON object a line.`);
}

async function checkRows({ data, model }: TrainingConfig): Promise<void> {
  if (data.path === bundled) return;
  await inspectDataset(data.path, { ...data, rows: rowsChecked }, await loadTokenizer(resolveModelFolder(model.base)));
}

function invalid(issues: readonly Issue[]): Invalid {
  const named = issues.map(({ path, message }) => ({ path: path === '' ? 'config' : `config.${path}`, message }));
  return new Invalid(`The configuration is not valid: ${named.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, named);
}
