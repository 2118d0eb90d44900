import { type ModelDescription, modelDescription } from '@anneal/plugins';
import { z } from 'zod';
import type { InstalledPlugin } from '../installed-plugins/installed-plugin.ts';

/** For so long an answer is good; and that there was none. Milliseconds. */
const [goodFor, badFor] = [60_000, 5_000];
/** A plugin may take so long to say what it has. Seconds. */
const patience = 20;

const answer = z.object({ models: z.array(modelDescription).max(10_000) });

interface Known {
  decision: unknown;
  until: number;
  models: Promise<ModelDescription[]>;
}

/** What models plugins have, asked once a minute, and again when something about them was decided. */
export class ModelLists {
  /** A plugin that was loaded anew is another object. */
  readonly #known = new WeakMap<InstalledPlugin, Known>();

  /** @throws PluginFailure, ModelError */
  of(plugin: InstalledPlugin): Promise<ModelDescription[]> {
    const known = this.#known.get(plugin);
    if (known && known.decision === plugin.decision && known.until > Date.now()) return known.models;
    const entry: Known = { decision: plugin.decision, until: Infinity, models: ask(plugin) };
    this.#known.set(plugin, entry);
    entry.models.then(
      () => (entry.until = Date.now() + goodFor),
      () => (entry.until = Date.now() + badFor),
    );
    return entry.models;
  }
}

async function ask(plugin: InstalledPlugin): Promise<ModelDescription[]> {
  const options = { signal: new AbortController().signal, timeoutSeconds: patience };
  return answer.parse(await plugin.call('models', {}, options)).models;
}
