/** What a text must not say of a provider's key: the key itself, and what looks like one, half hidden or not. */
export function withoutSecrets(text: string, apiKey: string | undefined): string {
  const known = apiKey === undefined || apiKey === '' ? text : text.replaceAll(apiKey, '[key]');
  return known.replace(/\bBearer\s+\S+/gi, 'Bearer [key]').replace(/\b(?:sk|pk|key)-[\w*.…-]{4,}/g, '[key]');
}
