import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes a plugin's folder. @param manifest what is not as usual @param main source of its main module */
export async function writePlugin(folder: string, name: string, main: string, manifest: Record<string, unknown> = {}): Promise<void> {
  const usual = { name, version: '1.0.0', kit: '^1.0.0', kind: 'tool', description: `A plugin named ${name}`, author: 'Tests' };
  await mkdir(path.join(folder, name), { recursive: true });
  await writeFile(path.join(folder, name, 'plugin.json'), JSON.stringify({ ...usual, ...manifest }));
  await writeFile(path.join(folder, name, 'main.ts'), main);
}

/** Counts words. What it does besides depends on the text. */
export const wordCount = `
import { defineTool, secret, z } from '@anneal/plugins/kit';

export default defineTool({
  settings: z.object({
    greeting: z.string().max(20).default('hello'),
    most: z.int().min(1).default(100),
    token: secret().optional(),
  }),
  input: z.object({ text: z.string().min(1), repeat: z.int().max(3).optional() }),
  output: z.object({ words: z.int(), greeting: z.string(), hasToken: z.boolean() }),
  async execute({ text }, { settings, log, progress }) {
    if (text === 'slow') {
      progress(0.5, 'half of it');
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    if (text === 'throw') throw new Error('this text cannot be counted');
    if (text === 'tell') {
      log.info('the token is ' + settings.token);
      throw new Error('nobody may know ' + settings.token);
    }
    if (text === 'exit') process.exit(3);
    return { words: text.split(/\\s+/).length, greeting: settings.greeting, hasToken: settings.token !== undefined };
  },
});
`;

/** Says what it hears, word by word. What it does besides depends on the text. */
export const parrot = `
import { defineLanguageModel, ModelError, z } from '@anneal/plugins/kit';

export default defineLanguageModel({
  models: () => [
    { id: 'grey', name: 'Grey', capabilities: ['generate', 'countTokens', 'system'], contextTokens: 1000 },
    { id: 'lengths', name: 'Lengths', capabilities: ['embed'] },
  ],
  async *generate({ messages, system }, { signal, log }) {
    const text = messages.at(-1).content;
    if (text === 'overloaded') throw new ModelError('OVERLOADED', 'Come back later.', { retryAfterSeconds: 7 });
    const words = text.split(' ');
    for (const word of words) {
      yield { type: 'text', text: word + ' ' };
      if (word === 'cut') return;
      if (word !== 'wait') continue;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      log.info('nobody listens any more');
    }
    yield { type: 'end', finishReason: 'stop', usage: { inputTokens: words.length + (system ? 1 : 0), outputTokens: words.length } };
  },
  embed({ texts }, { log }) {
    log.info('asked for ' + texts.length);
    return { vectors: texts.map((text) => [text.length, 1]), usage: { inputTokens: texts.length } };
  },
  countTokens: ({ messages }) => messages.at(-1).content.split(' ').length,
});
`;
