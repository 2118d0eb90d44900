import { secret, z } from '@anneal/plugins/kit';

export const settings = z.object({
  apiKey: secret().max(1000).optional().describe('Key of the Anthropic API: https://platform.claude.com/settings/keys'),
  baseUrl: z
    .url({ protocol: /^https?$/, message: 'has to be an address such as https://api.anthropic.com' })
    .refine((url) => !/^[a-z]+:\/\/[^/]*@/i.test(url), 'must not hold a password; the key has a field of its own')
    .optional()
    .describe('Of a gateway that speaks the protocol of the Anthropic API; left out: https://api.anthropic.com'),
  promptCaching: z
    .boolean()
    .default(true)
    .describe(
      'Lets Anthropic keep long system prompts and long beginnings of conversations for five minutes, which makes them cheaper to send again',
    ),
});
export type Settings = z.output<typeof settings>;
