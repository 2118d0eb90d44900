import fs from 'node:fs/promises';
import path from 'node:path';
import {
  checkHubFiles,
  EngineError,
  inspectDataset,
  inspectModel,
  isHubPath,
  type Issue,
  loadTokenizer,
  parseTrainingConfig,
  resolveModelFolder,
  type Tokenizer,
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
  const { path: rows, validationPath } = config.data;
  const data = {
    ...config.data,
    path: absoluteData(rows, dataFolder),
    validationPath: validationPath === '' ? '' : absoluteData(validationPath, dataFolder),
  };
  const { initAdapter } = config.method;
  const method = { ...config.method, initAdapter: initAdapter === '' ? '' : path.resolve(dataFolder, initAdapter) };
  const resolved = { ...config, model, data, method };
  const folder = resolveModelFolder(model.base);
  let tokenizer: Tokenizer | null = null;
  const modelIssues = await issuesOf('model.base', async () => {
    await inspectModel(folder);
    // Rows can be read as training would only with the model's tokenizer.
    tokenizer = await loadTokenizer(folder);
  });
  const dataIssues = await issuesOf('data.path', () => checkData(data, tokenizer));
  const validation = { ...data, path: data.validationPath, split: 'validation' };
  const validationIssues = data.validationPath === '' ? [] : await issuesOf('data.validationPath', () => checkData(validation, tokenizer));
  const issues = [...modelIssues, ...dataIssues, ...validationIssues];
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

const absoluteData = (given: string, dataFolder: string): string => (isHubPath(given) ? given : absolute(given, dataFolder));

/** Rows of a dataset that are looked at before a run is queued; the worker checks them all. */
const rowsChecked = 1000;

/** What the engine says of a field's folder or file; of other fields where it names them itself. */
async function issuesOf(path: string, check: () => Promise<unknown>): Promise<readonly Issue[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.code === 'CONFIG_INVALID' ? error.issues : [{ path, message: error.message }];
  }
}

async function checkData(data: TrainingConfig['data'], tokenizer: Tokenizer | null): Promise<void> {
  if (data.path === bundled) return;
  // Fetching is for the worker.
  if (isHubPath(data.path)) await checkHubFiles(data.path, data.revision, data.split);
  else if (tokenizer) await inspectDataset(data, tokenizer, rowsChecked);
  else if ((await fs.stat(data.path).catch(() => null)) === null) {
    throw new EngineError('DATASET_NOT_FOUND', `There is no dataset ${data.path}. Check the path.`);
  }
}

function invalid(issues: readonly Issue[]): Invalid {
  const named = issues.map(({ path, message }) => ({ path: path === '' ? 'config' : `config.${path}`, message }));
  return new Invalid(`The configuration is not valid: ${named.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, named);
}
