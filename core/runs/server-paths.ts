import { isHubPath, type Issue } from '@anneal/engine';
import type { Viewer } from '../access/viewer.ts';

/** Fields of a configuration that may name a file or folder on the machine of the server, and what everybody may name there instead. */
const pathFields: Readonly<Record<string, { instead: string }>> = {
  'model.base': { instead: 'Name a base model of the project (baseModelId), or "bundled".' },
  'data.path': { instead: 'Name a version of a dataset (datasetVersionId), a dataset on the Hub (hub:owner/name), or "bundled".' },
  'data.keyFile': { instead: 'The studio fills it in for the versions of its datasets.' },
  'data.validationPath': { instead: 'Hold rows of the dataset out (data.validationShare), or name a dataset on the Hub (hub:owner/name).' },
  'method.initAdapter': { instead: 'Leave it out for a fresh adapter.' },
};

export const serverPathFields: readonly string[] = Object.keys(pathFields);

/**
 * What is in the way of a configuration: in a studio with accounts, files of the server are not for everybody.
 * @param config may lack anything
 * @param known a configuration that is there already: what it names may be named again.
 */
export function pathIssues(viewer: Viewer, config: unknown, known?: unknown): Issue[] {
  if (viewer.isAdministrator) return [];
  return Object.entries(pathFields).flatMap(([path, { instead }]) => {
    const value = fieldAt(config, path);
    const isFree = typeof value !== 'string' || value === '' || value === 'bundled' || isHubPath(value) || value === fieldAt(known, path);
    return isFree ? [] : [{ path, message: `Only administrators may name files of the server. ${instead}` }];
  });
}

/** A value by its dotted path; undefined where there is none. */
export function fieldAt(value: unknown, path: string): unknown {
  let found = value;
  for (const key of path.split('.')) found = isObject(found) ? found[key] : undefined;
  return found;
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
