import type { PluginKind } from '@anneal/plugins';

/** The first main module of each kind. Each works as it is. */
export const sources: Readonly<Record<PluginKind, string>> = {
  tool: `import { defineTool, z } from '@anneal/plugins/kit';

/** Counts words. Clients draw the form from \`input\`, and show what \`output\` says. */
export default defineTool({
  settings: z.object({
    ignoreCase: z.boolean().default(true).describe('Whether Word and word are the same'),
  }),
  input: z.object({
    text: z.string().min(1).max(100_000).describe('What is counted'),
  }),
  output: z.object({
    words: z.int(),
    mostUsed: z.array(z.object({ word: z.string(), times: z.int() })),
  }),
  execute({ text }, { settings, log, progress }) {
    const words = text.match(/[\\p{L}\\p{N}]+/gu) ?? [];
    log.info('counting', { characters: text.length });
    const times = new Map<string, number>();
    for (const each of words) {
      const word = settings.ignoreCase ? each.toLowerCase() : each;
      times.set(word, (times.get(word) ?? 0) + 1);
    }
    progress(1);
    const mostUsed = [...times].sort(([, left], [, right]) => right - left).slice(0, 10);
    return { words: words.length, mostUsed: mostUsed.map(([word, count]) => ({ word, times: count })) };
  },
});
`,
  'language-model': `import { defineLanguageModel, ModelError, z } from '@anneal/plugins/kit';

/** A model that says back what it is told, word by word. Ask a real one in its place. */
export default defineLanguageModel({
  settings: z.object({
    politeness: z.string().default('You said:').describe('What each answer begins with'),
  }),
  models: () => [{ id: 'echo', name: 'Echo', description: 'Says back what it is told', capabilities: ['generate', 'countTokens'] }],
  async *generate({ messages, maxTokens }, { settings, signal }) {
    const last = messages.at(-1);
    if (last?.role !== 'user') throw new ModelError('INVALID_REQUEST', 'the last message has to be of the user');
    const words = \`\${settings.politeness} \${last.content}\`.split(/(?<=\\s)/);
    const said = words.slice(0, maxTokens);
    for (const word of said) {
      signal.throwIfAborted();
      yield { type: 'text', text: word };
    }
    const usage = { inputTokens: last.content.split(/\\s+/).length, outputTokens: said.length };
    yield { type: 'end', finishReason: said.length < words.length ? 'length' : 'stop', usage };
  },
  countTokens: ({ messages }) => messages.reduce((sum, { content }) => sum + content.split(/\\s+/).length, 0),
});
`,
  'code-generator': `import { defineCodeGenerator } from '@anneal/plugins/kit';

/** Writes a function that does nothing yet. */
export default defineCodeGenerator({
  suggest({ instruction, language = 'python' }) {
    const comment = language === 'python' ? '#' : '//';
    const body = language === 'python' ? 'def solve():\\n    pass' : 'function solve() {}';
    return {
      suggestions: [{ title: 'A beginning', code: \`\${comment} \${instruction}\\n\${body}\\n\`, language, explanation: 'A function to be filled.' }],
    };
  },
});
`,
  embedding: `import { defineEmbedding } from '@anneal/plugins/kit';

/** How often each letter occurs: a vector that tells little, and needs no model. */
export default defineEmbedding({
  models: () => [{ id: 'letters', name: 'Letters', capabilities: ['embed'] }],
  embed: ({ texts }) => ({
    vectors: texts.map((text) => {
      const counts = Array.from({ length: 26 }, (_, letter) => text.toLowerCase().split(String.fromCharCode(97 + letter)).length - 1);
      const length = Math.hypot(...counts) || 1;
      return counts.map((count) => count / length);
    }),
  }),
});
`,
  reward: `import { defineReward, z } from '@anneal/plugins/kit';

/** Likes answers that are as long as they should be. */
export default defineReward({
  settings: z.object({
    characters: z.int().min(1).default(200).describe('How long an answer should be'),
  }),
  score: ({ items }, { settings }) =>
    items.map(({ completion }) => 1 - Math.min(1, Math.abs(completion.length - settings.characters) / settings.characters)),
});
`,
  'dataset-source': `import { defineDatasetSource, z } from '@anneal/plugins/kit';

/** Sums, as many as are wanted. Read rows from somewhere in their place. */
export default defineDatasetSource({
  input: z.object({
    rows: z.int().min(1).max(1_000_000).default(100).describe('How many'),
  }),
  async *read({ rows }, { progress }) {
    for (let row = 1; row <= rows; row += 1) {
      yield { instruction: \`What is \${row} + \${row}?\`, output: String(row + row) };
      progress(row / rows);
    }
  },
});
`,
  exporter: `import fs from 'node:fs';
import path from 'node:path';
import { defineExporter, z } from '@anneal/plugins/kit';

/** Copies the small files of a model. Write its weights in another format in their place. */
export default defineExporter({
  options: z.object({
    note: z.string().max(1000).default('').describe('Goes into NOTE.txt'),
  }),
  async *export({ folder, options }, { signal }) {
    yield { path: 'NOTE.txt', bytes: new TextEncoder().encode(\`\${options.note}\\n\`) };
    for (const file of fs.readdirSync(folder).filter((each) => each.endsWith('.json'))) {
      signal.throwIfAborted();
      yield { path: file, bytes: fs.readFileSync(path.join(folder, file)) };
    }
  },
});
`,
};
