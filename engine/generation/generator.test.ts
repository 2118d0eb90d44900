import { describe, expect, it } from 'vitest';
import { goldenAdapter, goldenCases, goldenFolder, readGolden } from '../golden/cases.ts';
import { loadModel } from '../models/load.ts';
import { Generator, type GenerationSettings } from './generator.ts';

const greedy: GenerationSettings = { maxTokens: 20, temperature: 0, topK: 0, topP: 1, seed: 0, endTokens: [] };

async function write(generator: Generator, prompts: number[][], settings: GenerationSettings): Promise<number[][]> {
  const texts: number[][] = prompts.map(() => []);
  for await (const step of generator.steps(prompts, settings)) step.forEach((id, index) => id !== null && texts[index]?.push(id));
  await generator.release();
  return texts;
}

async function openGolden(name: string, adapted: boolean): Promise<Generator> {
  const model = await loadModel(goldenFolder(name));
  if (!adapted) return new Generator({ model, threads: 1 });
  const { adapter, trainable } = await goldenAdapter(name);
  return new Generator({
    model,
    threads: 1,
    adapter: { ...adapter, weights: new Map(trainable.map((tensor) => [tensor.name, tensor.data])) },
  });
}

const written = goldenCases.filter((name) => readGolden(name).generation);

describe.each(written)('Generator of %s', (name) => {
  const golden = readGolden(name).generation;

  it.each(['base', 'lora'] as const)('writes greedily what transformers writes (%s)', async (which) => {
    const expected = golden?.[which];
    const [tokens] = await write(await openGolden(name, which === 'lora'), [expected?.prompt ?? []], greedy);
    expect(tokens).toEqual(expected?.tokens);
  });

  it('writes the same for a prompt alone and among longer and shorter ones', async () => {
    const { maxPositions } = (await loadModel(goldenFolder(name))).config;
    const long = Math.min(37, maxPositions - 2);
    const prompts = [[1, 17, 42, 5, 23], [9], Array.from({ length: long }, (_, index) => (index * 7) % 64)];
    const together = await write(await openGolden(name, false), prompts, greedy);
    for (const [index, prompt] of prompts.entries())
      expect(await write(await openGolden(name, false), [prompt], greedy)).toEqual([together[index]]);
  });
});

describe('Generator', () => {
  const open = (adapted: boolean) => openGolden('gqa-tied', adapted);

  it('draws the same tokens for the same seed and others for another', async () => {
    const settings = { ...greedy, temperature: 1.5, topK: 40, topP: 0.95 };
    const one = await write(await open(false), [[1, 2, 3]], { ...settings, seed: 7 });
    expect(await write(await open(false), [[1, 2, 3]], { ...settings, seed: 7 })).toEqual(one);
    expect(await write(await open(false), [[1, 2, 3]], { ...settings, seed: 8 })).not.toEqual(one);
  });

  it('ends each sequence at its end token, and all at the end of the context', async () => {
    const [tokens = []] = await write(await open(false), [[1, 17, 42, 5, 23]], greedy);
    const end = tokens[2] ?? -1;
    const [stopped] = await write(await open(false), [[1, 17, 42, 5, 23]], { ...greedy, endTokens: [end] });
    expect(stopped).toEqual(tokens.slice(0, tokens.indexOf(end) + 1));
    const [long = []] = await write(await open(false), [[1, 17, 42, 5, 23]], { ...greedy, maxTokens: 1000 });
    expect(5 + long.length).toBe(64);
  });

  it('refuses a prompt that fills the context', async () => {
    await expect(write(await open(false), [Array.from({ length: 64 }, () => 1)], greedy)).rejects.toThrow(
      "The prompt has 64 tokens; the model's context holds 64. Shorten it.",
    );
    await expect(write(await open(false), [[]], greedy)).rejects.toThrow('The prompt is empty');
  });
});
