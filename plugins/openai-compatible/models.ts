import { ModelError, type ModelDescription, type PluginContext, z } from '@anneal/plugins/kit';
import { ask, malformed, readJson } from './http.ts';
import type { Endpoint, Settings } from './settings.ts';

/** vLLM tells the length of the context, llama.cpp too. */
const list = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      max_model_len: z.int().positive().nullish(),
      meta: z.object({ n_ctx: z.int().positive().nullish() }).nullish(),
    }),
  ),
});

/** Models of all endpoints. One that cannot be reached, or refuses, is left out and told in the log. @throws ModelError when none answers */
export async function models({ settings, signal, log }: PluginContext<Settings>): Promise<Described[]> {
  const failures: unknown[] = [];
  const found = await Promise.all(
    settings.endpoints.map(async (endpoint) =>
      (endpoint.models ? named(endpoint) : await listed(endpoint, signal).catch(refuse(endpoint))).map((model) =>
        describe(endpoint, model),
      ),
    ),
  );
  if (failures.length > 0 && failures.length === settings.endpoints.length) throw failures[0];
  return found.flat();

  function refuse(endpoint: Endpoint) {
    return (error: unknown): Listed[] => {
      signal.throwIfAborted();
      failures.push(error);
      log.warn(error instanceof ModelError ? error.message : `The models of "${endpoint.name}" cannot be listed.`, {
        endpoint: endpoint.name,
      });
      return [];
    };
  }
}

type Described = Pick<ModelDescription, 'id' | 'name' | 'capabilities' | 'contextTokens' | 'maxOutputTokens'>;
type Listed = Omit<NonNullable<Endpoint['models']>[number], 'use'> & { isEmbedding: boolean };

const named = (endpoint: Endpoint): Listed[] =>
  (endpoint.models ?? []).map(({ use, ...model }) => ({ ...model, isEmbedding: use === 'embeddings' }));

async function listed(endpoint: Endpoint, signal: AbortSignal): Promise<Listed[]> {
  const read = list.safeParse(await readJson(endpoint, await ask(endpoint, '/models', signal), signal));
  if (!read.success) throw malformed(endpoint, 'without a list of models');
  return read.data.data.map(({ id, max_model_len: length, meta }) => ({
    id,
    contextTokens: length ?? meta?.n_ctx ?? undefined,
    isEmbedding: soundsLikeEmbedding(id),
  }));
}

function describe(endpoint: Endpoint, { id, contextTokens, maxOutputTokens, isEmbedding }: Listed): Described {
  return {
    id: `${endpoint.name}/${id}`,
    name: `${id} (${endpoint.name})`,
    capabilities: isEmbedding ? ['embed'] : ['generate', 'system', 'tools'],
    contextTokens,
    maxOutputTokens,
  };
}

/** The protocol's list does not say what a model is for; the names of embedding models do. */
const soundsLikeEmbedding = (id: string): boolean => /embed|minilm|(^|[/-])(bge|gte|e5)-/i.test(id);
