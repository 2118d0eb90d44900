import { isObject } from './server-paths.ts';

/** A configuration with changes: objects are merged field by field, at any depth; everything else, lists too, is replaced. */
export function mergeConfig(config: unknown, changes: unknown): unknown {
  if (!isObject(config) || !isObject(changes)) return changes === undefined ? config : changes;
  const keys = [...new Set([...Object.keys(config), ...Object.keys(changes)])];
  return Object.fromEntries(keys.map((key) => [key, mergeConfig(config[key], changes[key])]));
}

/** A configuration without some fields. @param paths dotted */
export function withoutFields(config: unknown, paths: readonly string[], at = ''): unknown {
  if (!isObject(config)) return config;
  const kept = Object.entries(config).filter(([key]) => !paths.includes(`${at}${key}`));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutFields(value, paths, `${at}${key}.`)]));
}
