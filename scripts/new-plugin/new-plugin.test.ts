import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { loadManifest, type PluginKind, pluginKinds, PluginProcess } from '@anneal/plugins';
import { afterAll, expect, it } from 'vitest';
import { writePlugin } from './write-plugin.ts';

const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'new-plugin-'));
const cacheFolder = path.join(folder, '.built');
const started: PluginProcess[] = [];
afterAll(async () => {
  await Promise.all(started.map((each) => each.stop()));
  fs.rmSync(folder, { recursive: true, force: true });
});

async function open(own: string): Promise<PluginProcess> {
  const source = await loadManifest(own, { isBuiltIn: false });
  const opened = new PluginProcess({ source, cacheFolder, settings: {}, permissions: { network: false } });
  started.push(opened);
  return opened;
}

async function all(pieces: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const piece of pieces) found.push(piece);
  return found;
}

/** What a new plugin of each kind answers, unchanged. */
const answers: Record<PluginKind, (plugin: PluginProcess) => Promise<void>> = {
  tool: async (plugin) => {
    const answer = await plugin.call('execute', { text: 'Two words, two' });
    expect(answer).toEqual({
      words: 3,
      mostUsed: [
        { word: 'two', times: 2 },
        { word: 'words', times: 1 },
      ],
    });
  },
  'language-model': async (plugin) => {
    expect(await plugin.call('models', {})).toMatchObject({ models: [{ id: 'echo' }] });
    const request = { model: 'echo', messages: [{ role: 'user', content: 'good day' }], maxTokens: 3, temperature: 0 };
    expect(await all(plugin.stream('generate', request))).toEqual([
      { type: 'text', text: 'You ' },
      { type: 'text', text: 'said: ' },
      { type: 'text', text: 'good ' },
      { type: 'end', finishReason: 'length', usage: { inputTokens: 2, outputTokens: 3 } },
    ]);
    expect(await plugin.call('countTokens', request)).toEqual({ tokens: 2 });
  },
  'code-generator': async (plugin) => {
    expect(await plugin.call('suggest', { instruction: 'Add two numbers' })).toMatchObject({ suggestions: [{ language: 'python' }] });
  },
  embedding: async (plugin) => {
    expect(await plugin.call('embed', { model: 'letters', texts: ['abba', 'xyz'] })).toMatchObject({
      vectors: [{ length: 26 }, { length: 26 }],
    });
  },
  reward: async (plugin) => {
    const items = [
      { prompt: 'p', completion: 'x'.repeat(200) },
      { prompt: 'p', completion: '' },
    ];
    expect(await plugin.call('score', { items })).toEqual({ scores: [1, 0] });
  },
  'dataset-source': async (plugin) => {
    const rows = await all(plugin.stream('read', { rows: 3 }));
    expect(rows).toHaveLength(3);
    expect(rows[2]).toEqual({ row: { instruction: 'What is 3 + 3?', output: '6' } });
  },
  exporter: async (plugin) => {
    // Its own folder stands for that of a model.
    const pieces = await all(plugin.stream('export', { folder: path.join(folder, 'new-exporter'), options: { note: 'hello' } }));
    expect(pieces).toMatchObject([{ path: 'NOTE.txt', base64: 'aGVsbG8K' }, { path: 'plugin.json' }]);
  },
};

it.concurrent.each(pluginKinds)('writes a plugin of kind %s that works unchanged', async (kind) => {
  await answers[kind](await open(await writePlugin(folder, `new-${kind}`, kind)));
});

it('is a command that says what it did, and what is wrong', async () => {
  const root = path.join(import.meta.dirname, '..', '..');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/new-plugin.ts', ...args], { cwd: root, encoding: 'utf8' });
  expect(run('by-command', '--folder', folder)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(path.join(folder, 'by-command')),
  });
  expect((await loadManifest(path.join(folder, 'by-command'), { isBuiltIn: false })).manifest.kind).toBe('tool');
  expect(run('another', '--kind', 'robot')).toMatchObject({ status: 1, stderr: expect.stringContaining('there is no kind "robot"') });
});

it.each([
  ['../up', 'lower-case words'],
  ['Upper', 'lower-case words'],
  ['', 'lower-case words'],
])('refuses the name %o', async (name, message) => {
  await expect(writePlugin(folder, name, 'tool')).rejects.toThrow(message);
});

it('leaves alone what is there', async () => {
  await writePlugin(folder, 'taken', 'tool');
  await expect(writePlugin(folder, 'taken', 'reward')).rejects.toThrow('is there already');
});
