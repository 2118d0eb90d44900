import { type Behaviour, type ProviderServer, startOpenAiServer } from '@anneal/plugins/testing';
import type { TestStudio } from './test-studio.ts';

/** The plugin that asks it, and its name there. */
const [plugin, endpoint] = ['openai-compatible', 'test'];

/** Id of a model of the provider in the studio. */
export const modelId = (name: string): string => `${plugin}/${endpoint}/${name}`;

const document = `mutation ($network: SetPluginNetworkInput!, $enable: EnablePluginInput!, $update: UpdatePluginSettingsInput!) {
  setPluginNetwork(input: $network) { __typename ... on Error { message } }
  enablePlugin(input: $enable) { __typename ... on Error { message } }
  updatePluginSettings(input: $update) { __typename ... on Error { message } }
}`;

/** Starts a provider over real HTTP, and connects a studio without accounts with it. */
export async function connectProvider({ send }: Pick<TestStudio, 'send'>, models: Record<string, Behaviour>): Promise<ProviderServer> {
  const apiKey = 'sk-of-the-test';
  const provider = await startOpenAiServer({ models, apiKey });
  const settings = { endpoints: [{ name: endpoint, baseUrl: `${provider.url}/v1`, apiKey }] };
  const { data, errors } = await send<Record<string, { __typename: string; message?: string }> | null>(document, {
    network: { name: plugin, isAllowed: true },
    enable: { name: plugin },
    update: { name: plugin, settings },
  });
  const refused = Object.values(data ?? {}).find(({ message }) => message !== undefined);
  const problem = errors[0]?.message ?? refused?.message;
  if (problem !== undefined) throw new Error(problem);
  return provider;
}
