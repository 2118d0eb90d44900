import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TextModel } from '@anneal/engine';
import { startHubServer } from '@anneal/engine/testing';
import { openPlugin, type OpenPlugin, textOf } from '@anneal/plugins/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixedText, writeTinyOnnxModels } from './testing/tiny-models.ts';

let folder: string;
let places: Awaited<ReturnType<typeof writeTinyOnnxModels>>;
let plugin: OpenPlugin;
let settings: { models: Record<string, unknown>[]; threads: number };

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'anneal-transformers-')));
  places = await writeTinyOnnxModels(folder);
  settings = {
    models: [
      { name: 'text', task: 'text-generation', folder: places.text },
      { name: 'fixed', task: 'text2text-generation', folder: places.fixed },
      { name: 'vectors', task: 'embeddings', folder: places.vectors, queryPrefix: 'add ' },
      { name: 'first', task: 'embeddings', folder: places.vectors, pooling: 'cls', normalize: false },
      { name: 'last', task: 'embeddings', folder: places.vectors, pooling: 'last_token', normalize: false },
      { name: 'absent', task: 'text-generation', folder: path.join(folder, 'absent') },
      { name: 'elsewhere', task: 'text-generation', folder: path.join(import.meta.dirname, 'testing') },
      { name: 'on-hub', task: 'embeddings', repository: 'acme/vectors' },
    ],
    threads: 1,
  };
  plugin = await openPlugin('transformers', settings, [folder]);
});
beforeEach(() => plugin.configure(settings));
afterAll(async () => {
  await plugin[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const length = (vector: readonly number[] = []) => Math.hypot(...vector);

describe('text', () => {
  it('is what the engine writes, with its tokens', async () => {
    const events = await plugin.events({ model: 'text', maxTokens: 12 });
    const own = await TextModel.open(places.base, 1);
    let whole = '';
    const question = [{ role: 'user' as const, content: 'Say hello.' }];
    for await (const { text } of own.answer(question, { temperature: 0, topK: 0, topP: 1, maxTokens: 12, stop: [], seed: 1 }))
      whole += text;
    await own.release();
    expect(textOf(events)).toBe(whole);
    expect(events.length).toBeGreaterThan(2);
    const tokens = await plugin.call('countTokens', {
      model: 'text',
      messages: [{ role: 'user', content: 'Say hello.' }],
      maxTokens: 1,
      temperature: 0,
    });
    expect(events.at(-1)).toEqual({
      type: 'end',
      finishReason: 'length',
      usage: { inputTokens: (tokens as { tokens: number }).tokens, outputTokens: 12 },
    });
  });

  it('is the same for the same seed, and the most likely one where topP leaves one token', async () => {
    const sampled = (seed: number, topP = 1) => plugin.events({ model: 'text', maxTokens: 12, temperature: 1.5, seed, topP }).then(textOf);
    const once = await sampled(7);
    expect(await sampled(7)).toBe(once);
    expect(await sampled(8)).not.toBe(once);
    expect(await sampled(9, 1e-6)).toBe(textOf(await plugin.events({ model: 'text', maxTokens: 12 })));
  });

  it('comes from a model that turns texts into others, and ends by itself or at a stop text', async () => {
    const events = await plugin.events({ model: 'fixed', maxTokens: 30 });
    expect(textOf(events)).toBe(fixedText);
    expect(events.at(-1)).toMatchObject({ finishReason: 'stop' });
    expect(textOf(await plugin.events({ model: 'fixed', stop: ['on a'] }))).toBe('functi');
  });

  it('can be left and cancelled, and others get theirs', async () => {
    for await (const event of plugin.stream({ model: 'text', maxTokens: 100 })) if (event.type === 'text') break;
    const stop = new AbortController();
    const reading = (async () => {
      for await (const event of plugin.stream({ model: 'text', maxTokens: 100 }, stop.signal)) if (event.type === 'text') stop.abort();
    })();
    await expect(reading).rejects.toThrow();
    const both = await Promise.all([plugin.events({ model: 'fixed' }), plugin.events({ model: 'fixed' })]);
    expect(both.map(textOf)).toEqual([fixedText, fixedText]);
  });

  it('fits into the context, or is refused', async () => {
    const long = { model: 'text', messages: [{ role: 'user' as const, content: 'add 1 '.repeat(100) }] };
    await expect(plugin.events(long)).rejects.toMatchObject({ code: 'CONTEXT_TOO_LONG' });
    const { usage } = (await plugin.events({ model: 'text', maxTokens: 1000 })).at(-1) as {
      usage: { inputTokens: number; outputTokens: number };
    };
    expect(usage.inputTokens + usage.outputTokens).toBe(128);
  });
});

describe('vectors', () => {
  it('are means of length 1, whatever stands beside them', async () => {
    const texts = ['add', 'function add(n) { return n }', 'return'];
    const together = await plugin.embed('vectors', texts);
    const alone = await plugin.embed('vectors', ['add']);
    expect(together.vectors.map(length)).toEqual([1, 1, 1].map((one) => expect.closeTo(one, 5) as number));
    expect(alone.vectors[0]).toEqual(together.vectors[0]?.map((number) => expect.closeTo(number, 5) as number));
    expect(together.usage?.inputTokens).toBeGreaterThan(alone.usage?.inputTokens ?? 0);
  });

  it('are pooled as the model wants it', async () => {
    const [first, last] = await Promise.all([plugin.embed('first', ['add return']), plugin.embed('last', ['add return', 'return'])]);
    const [add] = (await plugin.embed('first', ['add'])).vectors;
    expect(first.vectors[0]).toEqual(add);
    expect(last.vectors).toHaveLength(2);
    expect(length(add)).not.toBeCloseTo(1, 5);
  });

  it('get the prefix of what they are for', async () => {
    const query = await plugin.call('embed', { model: 'vectors', texts: ['one'], inputType: 'query' });
    expect(query).toMatchObject({ vectors: (await plugin.embed('vectors', ['add one'])).vectors });
    expect(await plugin.call('embed', { model: 'vectors', texts: ['one'], inputType: 'document' })).toMatchObject({
      vectors: (await plugin.embed('vectors', ['one'])).vectors,
    });
  });
});

describe('models', () => {
  it('are those of the settings', async () => {
    expect(await plugin.call('models', {})).toMatchObject({
      models: expect.arrayContaining([
        expect.objectContaining({ id: 'text', contextTokens: 128, capabilities: ['generate', 'countTokens', 'system'] }),
        expect.objectContaining({ id: 'vectors', capabilities: ['embed'] }),
      ]),
    });
  });

  it('can be loaded before they are asked, and let go', async () => {
    expect(await plugin.call('warmUp', { model: 'text' })).toEqual({});
    expect(await plugin.call('unload', { model: 'text' })).toEqual({});
    expect(textOf(await plugin.events({ model: 'text', maxTokens: 3 }))).not.toBe('');
  });

  it('take no more memory than they may', async () => {
    await plugin.configure({ ...settings, memoryGb: 0.1 });
    expect(textOf(await plugin.events({ model: 'fixed' }))).toBe(fixedText);
  });

  it.each([
    ['unknown', 'MODEL_NOT_FOUND', 'There are: text, fixed'],
    ['absent', 'MODEL_NOT_FOUND', 'needs config.json, tokenizer.json and onnx/model.onnx'],
    ['elsewhere', 'MODEL_NOT_FOUND', 'must lie inside the folder "models"'],
    ['vectors', 'INVALID_REQUEST', 'gives vectors, not texts'],
  ])('that cannot answer say why: %s', async (model, code, message) => {
    const told = plugin.events({ model });
    await expect(told).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    // Places on this machine are nobody's business.
    await expect(told).rejects.not.toThrow(folder);
  });

  it('call no tools, and give texts or vectors', async () => {
    const tools = [{ name: 'weather', description: 'Of a city', inputSchema: {} }];
    await expect(plugin.events({ model: 'text', tools })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(plugin.embed('text', ['a'])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

it('fetches from the Hub only where that is allowed', async () => {
  const hub = await startHubServer();
  const files: Record<string, Buffer> = {};
  for (const name of await readdir(places.vectors, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const file = path.join(name.parentPath, name.name);
    files[path.relative(places.vectors, file)] = await readFile(file);
  }
  hub.models['acme/vectors'] = { revisions: { main: 'a'.repeat(40) }, files };
  try {
    await plugin.configure({ ...settings, hubUrl: hub.url });
    await expect(plugin.embed('on-hub', ['add'])).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(hub.requests).toEqual([]);
    await plugin.configure({ ...settings, hubUrl: hub.url, allowDownloads: true });
    const expected = (await plugin.embed('vectors', ['add'])).vectors;
    expect((await plugin.embed('on-hub', ['add'])).vectors).toEqual(expected);
  } finally {
    await hub.close();
  }
});

it('says what is wrong with its settings', async () => {
  const problem = async (model: Record<string, string>) =>
    (await plugin.process.checkSettings({ models: [model] })).map(({ message }) => message).join();
  expect(await problem({ name: 'a', task: 'embeddings' })).toContain('either a folder or a repository');
  expect(await problem({ name: 'a', task: 'embeddings', folder: 'models/a' })).toContain('absolute path');
  expect(await problem({ name: 'a/b', task: 'embeddings', folder: '/a' })).toContain('letters, digits');
});
