import { ModelError } from '@anneal/plugins/kit';
import type { Endpoint, Settings } from './settings.ts';

/** `<endpoint>/<model>`: the model may have slashes of its own. @throws ModelError MODEL_NOT_FOUND */
export function endpointOf(settings: Settings, id: string): { endpoint: Endpoint; model: string } {
  const slash = id.indexOf('/');
  const endpoint = settings.endpoints.find(({ name }) => name === id.slice(0, slash));
  if (slash > 0 && endpoint) return { endpoint, model: id.slice(slash + 1) };
  const names = settings.endpoints.map(({ name }) => name).join(', ');
  const there = names === '' ? 'No endpoint is set up yet' : `There are: ${names}`;
  throw new ModelError(
    'MODEL_NOT_FOUND',
    `No endpoint belongs to the model "${id}". ${there}. Add one in the settings of the plugin openai-compatible.`,
  );
}

/** An address without a path means the usual one. */
export function urlOf(endpoint: Endpoint, path: string): string {
  const base = new URL(endpoint.baseUrl);
  return `${base.origin}${base.pathname === '/' ? '/v1' : base.pathname.replace(/\/+$/, '')}${path}`;
}

/** OpenAI's own servers refuse `max_tokens`, and any temperature but 1 with some models; others know only `max_tokens`. */
export const isOpenAi = (endpoint: Endpoint): boolean => new URL(endpoint.baseUrl).hostname === 'api.openai.com';
