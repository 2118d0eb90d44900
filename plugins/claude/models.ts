import { ModelError, type ModelDescription, type PluginContext } from '@anneal/plugins/kit';
import { clientOf } from './client.ts';
import { errorOf } from './errors.ts';
import { knownModel, knownModels } from './known-models.ts';
import type { Settings } from './settings.ts';

const capabilities: ModelDescription['capabilities'] = ['generate', 'countTokens', 'system', 'tools'];
const description = 'Takes no temperature, topP or seed: the Anthropic API has none.';

/** Models that the key may use; those that are known where Anthropic cannot be asked, so that a question gets its own, clear error. */
export async function models({ settings, signal, log }: PluginContext<Settings>): Promise<ModelDescription[]> {
  try {
    const found: ModelDescription[] = [];
    for await (const told of clientOf(settings).models.list({ limit: 1000 }, { signal })) {
      if (told.lifecycle === 'retired') continue;
      const known = knownModel(told.id);
      found.push({
        id: told.id,
        name: told.display_name,
        description,
        capabilities,
        contextTokens: told.max_input_tokens ?? known?.contextTokens,
        maxOutputTokens: told.max_tokens ?? known?.maxOutputTokens,
        price: known?.price,
      });
    }
    return found;
  } catch (error) {
    const failure = errorOf(error, settings, signal);
    if (!(failure instanceof ModelError)) throw failure;
    log.warn(`The list of models is the built-in one: ${failure.message}`);
    return knownModels.map((known) => ({ ...known, description, capabilities }));
  }
}
