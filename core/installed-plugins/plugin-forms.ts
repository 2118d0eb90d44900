import { type JsonSchema, ModelError, PluginFailure } from '@anneal/plugins';
import type { InstalledPlugin } from './installed-plugin.ts';
import { runMethods } from './plugin-calls.ts';
import type { PluginSettings } from './sealed-settings.ts';

/** Null in place of what a plugin cannot say at the moment: it is disabled, or cannot be loaded. Its status says why. */
const orNull = async <Told>(plugin: InstalledPlugin, tell: () => Promise<Told>): Promise<Told | null> => {
  if (!plugin.isUsable) return null;
  return tell().catch((error: unknown) => {
    if (error instanceof PluginFailure || error instanceof ModelError) return null;
    throw error;
  });
};

/** What a plugin takes and gives when it is run; null for one that is not. */
export async function runForm(plugin: InstalledPlugin): Promise<{ input: JsonSchema; output: JsonSchema } | null> {
  const method = plugin.manifest && runMethods[plugin.manifest.kind];
  if (!method) return null;
  const description = await orNull(plugin, () => plugin.describe());
  return description?.methods[method] ?? null;
}

export async function settingsForm(plugin: InstalledPlugin): Promise<JsonSchema | null> {
  return (await orNull(plugin, () => plugin.describe()))?.settings ?? null;
}

/** What is set, without secrets. */
export const settingsShown = (plugin: InstalledPlugin): Promise<{ values: PluginSettings; secretsSet: string[] } | null> =>
  orNull(plugin, () => plugin.shownSettings());
