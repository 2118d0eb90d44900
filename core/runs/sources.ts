import { type Issue, parseTrainingConfig } from '@anneal/engine';
import type { Prisma } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import { Invalid } from '../errors.ts';
import { mergeConfig } from './merge-config.ts';
import { fieldAt, isObject, pathIssues } from './server-paths.ts';

/** A version of a dataset, as training takes it. */
export interface TrainingFile {
  projectId: string;
  /** What goes into `data` of a configuration, in place of what else was asked for there. */
  data: Readonly<Record<string, unknown>>;
}

/** A model that training starts from. */
export interface TrainingFolder {
  projectId: string;
  /** Absolute. */
  path: string;
}

/** What runs ask of the rooms beside them. Each throws NotFound for what the viewer may not see, and Conflict for what is not ready. */
export interface TrainingSources {
  /** @param badRows what the configuration does with rows that cannot be used. */
  trainingFile(viewer: Viewer, datasetVersionId: string, badRows?: 'fail' | 'skip'): Promise<TrainingFile>;
  /** Notes that a run uses a version, in the transaction that makes the run. */
  holdDataset(transaction: Prisma.TransactionClient, datasetVersionId: string): Promise<void>;
  trainingFolder(viewer: Viewer, baseModelId: string): Promise<TrainingFolder>;
}

/** Fields that a version of a dataset decides. */
export const fieldsOfDataset: readonly string[] = ['path', 'format', 'columns', 'keyFile', 'validationPath'].map((name) => `data.${name}`);

export interface SourcedConfig {
  /** Any part of a training configuration. */
  config?: unknown;
  /** Default: what the configuration names. */
  datasetVersionId?: string | null;
  baseModelId?: string | null;
}

/** What a run is made from, with what the configuration says of it. */
export interface Sourced {
  config: unknown;
  datasetVersionId: string | null;
  baseModelId: string | null;
}

/**
 * Puts dataset and base model into a configuration, after a look at whether it may name what it names.
 * @param projectId that of the run: what it trains on must be there too.
 * @param known a configuration that is there already: what it names may be named again.
 * @throws Invalid, NotFound and Conflict for the dataset and the model
 */
export async function withSources(
  viewer: Viewer,
  sources: TrainingSources,
  projectId: string,
  { config = {}, datasetVersionId, baseModelId }: SourcedConfig,
  known?: unknown,
): Promise<Sourced> {
  const issues: Issue[] = [
    ...(datasetVersionId ? fieldsOfDataset.flatMap((path) => twice(config, path, 'datasetVersionId')) : []),
    ...(baseModelId ? twice(config, 'model.base', 'baseModelId') : []),
    ...pathIssues(viewer, config, known),
  ];
  if (issues.length > 0) throw invalid(issues);
  const badRows = fieldAt(config, 'data.badRows') === 'skip' ? 'skip' : 'fail';
  const file = datasetVersionId ? await sources.trainingFile(viewer, datasetVersionId, badRows) : null;
  const folder = baseModelId ? await sources.trainingFolder(viewer, baseModelId) : null;
  if (file && file.projectId !== projectId) throw elsewhere('datasetVersionId', 'dataset');
  if (folder && folder.projectId !== projectId) throw elsewhere('baseModelId', 'base model');
  const named = { datasetVersionId: datasetVersionId ?? null, baseModelId: baseModelId ?? null };
  // Whatever it is, the form of the configuration is checked later, as a whole.
  if (!isObject(config)) return { config, ...named };
  const changes = { ...(file && { data: file.data }), ...(folder && { model: { base: folder.path } }) };
  return { config: mergeConfig(config, changes), ...named };
}

/** What is named in two ways. A field at its default says nothing: forms send all of them. */
function twice(config: unknown, path: string, name: string): Issue[] {
  const value = fieldAt(config, path);
  if (value === undefined || JSON.stringify(value) === JSON.stringify(fieldAt(defaults, path))) return [];
  return [{ path, message: `It is decided by ${name}. Leave one of them out.` }];
}

const defaults = parseTrainingConfig({});

function elsewhere(path: string, what: string): Invalid {
  const message = `The ${what} belongs to another project than the run.`;
  return new Invalid(message, [{ path, message }]);
}

function invalid(issues: readonly Issue[]): Invalid {
  const named = issues.map(({ path, message }) => ({ path: `config.${path}`, message }));
  return new Invalid(`The run is not valid: ${named.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, named);
}
