import { isObject } from './server-paths.ts';

/** A field that is not the same in all of some configurations. */
export interface ConfigDifference {
  /** Dotted: `optimizer.learningRate`. */
  path: string;
  /** Its value in each configuration, in their order; null where there is none. */
  values: unknown[];
}

/** Fields in which configurations differ, in the order of the form; those that are equal everywhere are left out. A list is one value. */
export function compareConfigs(configs: readonly unknown[]): ConfigDifference[] {
  const fields = configs.map((config) => new Map(leaves(config, '')));
  const paths = [...new Set(fields.flatMap((field) => [...field.keys()]))];
  return paths.flatMap((path) => {
    const values = fields.map((field) => field.get(path) ?? null);
    return new Set(values.map((value) => JSON.stringify(value))).size > 1 ? [{ path, values }] : [];
  });
}

function leaves(value: unknown, path: string): [path: string, value: unknown][] {
  if (!isObject(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, path === '' ? key : `${path}.${key}`));
}
