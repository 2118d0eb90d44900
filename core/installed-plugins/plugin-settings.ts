import { z } from 'zod';
import type { Json, JsonSchema, PluginManifest } from '@anneal/plugins';
import type { PluginSettings } from './sealed-settings.ts';

/** The settings that a plugin gets. */
export interface EffectiveSettings {
  values: Readonly<Record<string, Json>>;
  /** Names of those that come from the environment. */
  fromEnvironment: readonly string[];
}

const json = z.record(z.string(), z.json());

/** What was set; where nothing was, what the environment has: for plugins that come with the studio, as their manifests name it. */
export function effectiveSettings(
  manifest: PluginManifest | null,
  isBuiltIn: boolean,
  set: PluginSettings,
  variable: (name: string) => string | undefined,
): EffectiveSettings {
  const named = isBuiltIn ? Object.entries(manifest?.environment ?? {}) : [];
  const found = named.flatMap(([name, setting]): [string, string][] => {
    const value = variable(name);
    return value === undefined || value === '' || setting in set ? [] : [[setting, value]];
  });
  return { values: json.parse({ ...Object.fromEntries(found), ...set }), fromEnvironment: found.map(([setting]) => setting) };
}

const objectSchema = z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) });

const propertiesOf = (schema: JsonSchema): [name: string, schema: unknown][] =>
  Object.entries(objectSchema.safeParse(schema).data?.properties ?? {});

/** Names of the settings. */
export const namesIn = (schema: JsonSchema): string[] => propertiesOf(schema).map(([name]) => name);

/** Settings that hold a secret, anywhere inside them or in what they refer to. */
export const secretNames = (schema: JsonSchema): string[] =>
  propertiesOf(schema).flatMap(([name, property]) => (holdsSecret(property, schema, new Set()) ? [name] : []));

/** @param seen what has been looked at already: a schema may refer to itself */
function holdsSecret(schema: unknown, root: JsonSchema, seen: Set<unknown>): boolean {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return false;
  seen.add(schema);
  if (Array.isArray(schema)) return schema.some((part) => holdsSecret(part, root, seen));
  if ('secret' in schema && schema.secret === true) return true;
  if ('$ref' in schema) {
    const target = referred(schema.$ref, root);
    // Who refers to what cannot be found may mean a secret.
    if (target === undefined || holdsSecret(target, root, seen)) return true;
  }
  return Object.values(schema).some((part) => holdsSecret(part, root, seen));
}

/** What a JSON Pointer within a schema names (RFC 6901); undefined: nothing. */
function referred(reference: unknown, root: JsonSchema): unknown {
  if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) return undefined;
  let target: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    target = Object.entries(typeof target === 'object' && target !== null ? target : {}).find(([key]) => key === name)?.[1];
  }
  return target;
}

/** All texts inside values. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
