import { modelDescription, secret, z } from '@anneal/plugins/kit';

const model = z.object({
  id: z.string().min(1).max(150).describe('Name by which the server knows it'),
  use: z.enum(['chat', 'embeddings']).default('chat').describe('What it is for'),
  contextTokens: modelDescription.shape.contextTokens.describe('Most tokens of question and answer together'),
  maxOutputTokens: modelDescription.shape.maxOutputTokens.describe('Most tokens of an answer'),
});

const endpoint = z.object({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'has to be lower-case letters, digits and hyphens, such as "ollama"')
    .describe('Short name; its models are called openai-compatible/<name>/<model>'),
  baseUrl: z
    .url({ protocol: /^https?$/, message: 'has to be an address such as http://127.0.0.1:11434/v1' })
    .refine((url) => !/^[a-z]+:\/\/[^/]*@/i.test(url), 'must not hold a password; the key has a field of its own')
    .refine((url) => !/[?#]/.test(url), 'must end with the path, without "?" and "#"')
    .describe('Where its protocol begins, such as https://api.openai.com/v1 or http://127.0.0.1:11434/v1'),
  apiKey: secret().max(1000).optional().describe('Key, where the server asks for one'),
  models: z.array(model).max(1000).optional().describe('Its models; left out: those that the server lists'),
});
export type Endpoint = z.output<typeof endpoint>;

export const settings = z.object({
  endpoints: z
    .array(endpoint)
    .max(50)
    .default([])
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two endpoints have the same name')
    .describe('Servers that are asked'),
});
export type Settings = z.output<typeof settings>;
