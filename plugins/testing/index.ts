import path from 'node:path';

export type { Answer, Behaviour, Failure, Question } from './answer.ts';
export { startAnthropicServer } from './anthropic-server.ts';
export { startOpenAiServer } from './openai-server.ts';
export { type OpenPlugin, openPlugin, textOf } from './open-plugin.ts';
export type { ProviderServer, RecordedRequest } from './provider-server.ts';

/** A provider as a program of its own, see provider-process.ts. */
export const providerProgram = path.join(import.meta.dirname, 'provider-process.ts');
