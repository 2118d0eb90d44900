import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { loadTokenizer, encodePrompt } from '@anneal/engine';
import { writeTinyModel } from '@anneal/engine/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GenerateEvent, GenerateRequest } from '../kit/index.ts';
import { Answers } from './answers.ts';
import { ownModelId, readOwnModelId } from './own-model-folders.ts';
import { OwnModelPool } from './own-model-pool.ts';

let folder: string;
/** Two models of the same size. */
let [one, other] = ['', ''];
let pool: OwnModelPool;
let answers: Answers;
const signal = new AbortController().signal;
const size = 100;

beforeAll(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'anneal-own-'));
  [one, other] = [(await writeTinyModel(path.join(folder, 'one'))).model, (await writeTinyModel(path.join(folder, 'other'))).model];
});
afterAll(() => fs.rm(folder, { recursive: true, force: true }));

const open = (mostBytes = 10 * size, idleTime = 60_000): void => {
  pool = new OwnModelPool({ mostBytes, idleTime, threads: 1, sizeOf: async () => size });
  answers = new Answers(pool);
};

const request = (given: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: '',
  messages: [{ role: 'user', content: 'add two numbers' }],
  maxTokens: 8,
  temperature: 0,
  ...given,
});

async function ask(given: Partial<GenerateRequest> = {}, base = one): Promise<{ text: string; end: GenerateEvent | undefined }> {
  const events: GenerateEvent[] = [];
  for await (const event of answers.generate({ base, adapter: null }, request(given), signal)) events.push(event);
  const end = events.pop();
  return { text: events.map((event) => (event.type === 'text' ? event.text : '')).join(''), end };
}

describe('answers of a model of this studio', () => {
  it('say how many tokens there were, exactly, and that they reached the limit', async () => {
    open();
    const tokenizer = await loadTokenizer(one);
    const messages = [{ role: 'user', content: 'add two numbers' }];
    const inputTokens = encodePrompt(tokenizer, messages).length;
    const { text, end } = await ask();
    expect(end).toEqual({ type: 'end', finishReason: 'length', usage: { inputTokens, outputTokens: 8 } });
    expect(text).not.toBe('');
    expect(await answers.countTokens({ base: one, adapter: null }, request())).toBe(inputTokens);
  });

  it('are the same for the same seed, and others for another', async () => {
    open();
    const drawn = { temperature: 1.5, maxTokens: 20 };
    const first = await ask({ ...drawn, seed: 7 });
    expect(await ask({ ...drawn, seed: 7 })).toEqual(first);
    expect((await ask({ ...drawn, seed: 8 })).text).not.toBe(first.text);
  });

  it('end before a stop text', async () => {
    open();
    const { text } = await ask({ maxTokens: 20 });
    const stop = text.slice(3, 5);
    expect(await ask({ maxTokens: 20, stop: [stop] })).toMatchObject({
      text: text.slice(0, text.indexOf(stop)),
      end: { finishReason: 'stop' },
    });
  });

  it('refuse a question that fills the context, tools, and a model that is not there', async () => {
    open();
    const long = { messages: [{ role: 'user' as const, content: 'add '.repeat(500) }] };
    await expect(ask(long)).rejects.toMatchObject({ code: 'CONTEXT_TOO_LONG', message: expect.stringContaining('holds 128') });
    const tools = [{ name: 'add', description: '', inputSchema: {} }];
    await expect(ask({ tools })).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(ask({}, path.join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(pool.folders).toEqual([one]);
  });

  it('come one after the other, and one that is given up does not hold up the next', async () => {
    open();
    const controller = new AbortController();
    const long = answers.generate({ base: one, adapter: null }, request({ maxTokens: 100 }), controller.signal);
    await long.next();
    const waiting = ask();
    controller.abort(new Error('enough'));
    await expect(long.next()).rejects.toThrow('enough');
    expect((await waiting).end).toMatchObject({ finishReason: 'length' });
  });
});

describe('the pool', () => {
  it('lets the model go that was asked longest ago when there is no room for another', async () => {
    open(size);
    await ask({}, one);
    expect(pool.folders).toEqual([one]);
    await ask({}, other);
    expect(pool.folders).toEqual([other]);
    open(2 * size);
    await ask({}, one);
    await ask({}, other);
    await ask({}, one);
    expect(pool.folders).toEqual([other, one]);
  });

  it('does not let a model go that is being asked', async () => {
    open(size);
    const long = answers.generate({ base: one, adapter: null }, request({ maxTokens: 100 }), signal);
    await long.next();
    await expect(ask({}, other)).rejects.toMatchObject({ code: 'OVERLOADED' });
    await long.return(undefined);
    expect((await ask({}, other)).end).toMatchObject({ type: 'end' });
  });

  it('says so when a model can never fit', async () => {
    open(size - 1);
    await expect(ask()).rejects.toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining('too large') });
  });

  it('gives back what nobody asks', async () => {
    open(size, 1);
    await answers.warmUp({ base: one, adapter: null });
    expect(pool.folders).toEqual([one]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pool.folders).toEqual([]);
    open(size);
    await answers.warmUp({ base: one, adapter: null });
    await answers.unload({ base: one, adapter: null });
    expect(pool.folders).toEqual([]);
  });
});

describe('what the plugin is asked with', () => {
  it('is folders and nothing else', () => {
    const folders = { base: '/models/a', adapter: null };
    expect(readOwnModelId(ownModelId(folders))).toEqual(folders);
    expect(readOwnModelId('base/bundled')).toBeNull();
    expect(readOwnModelId('{"base":""}')).toBeNull();
  });
});
