import { ModelError } from '@anneal/plugins/kit';
import Anthropic from '@anthropic-ai/sdk';
import type { Settings } from './settings.ts';

const clients = new WeakMap<Settings, Anthropic>();

/** One client for the same settings: it keeps its connections. @throws ModelError AUTHENTICATION without a key */
export function clientOf(settings: Settings): Anthropic {
  const apiKey = settings.apiKey?.trim();
  if (apiKey === undefined || apiKey === '') {
    throw new ModelError(
      'AUTHENTICATION',
      'There is no key for Claude. Make one at https://platform.claude.com/settings/keys and set it as apiKey in the settings of the plugin, or as ANTHROPIC_API_KEY of the studio.',
    );
  }
  const kept = clients.get(settings);
  if (kept) return kept;
  const client = new Anthropic({
    apiKey,
    baseURL: settings.baseUrl,
    // Trying again is the caller's business.
    maxRetries: 0,
    // It would write the provider's replies to the standard output.
    logLevel: 'off',
    openTelemetry: false,
  });
  clients.set(settings, client);
  return client;
}
