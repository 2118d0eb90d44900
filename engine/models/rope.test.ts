import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { readModelConfig } from './model-config.ts';
import { ropeFrequencies } from './rope.ts';

const goldenSchema = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      config: z.unknown(),
      sequenceLength: z.number(),
      inverse: z.array(z.number()),
      attentionScale: z.number(),
    }),
  ),
});
const golden = goldenSchema.parse(JSON.parse(await readFile(new URL('golden/rope.json', import.meta.url), 'utf8')));

it.each(golden.cases)('agrees with transformers: $name', async ({ config, sequenceLength, inverse, attentionScale }) => {
  const folder = await mkdtemp(join(tmpdir(), 'anneal-rope-'));
  try {
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    const model = await readModelConfig(folder);
    if (model.architecture === 'gpt2') throw new Error('not a model with rotary positions');
    const frequencies = ropeFrequencies(model, sequenceLength);
    expect(frequencies.inverse.length).toBe(inverse.length);
    // The golden values were computed in float32.
    inverse.forEach((expected, i) => expect(Math.abs((frequencies.inverse[i] ?? 0) / expected - 1), `frequency ${i}`).toBeLessThan(2e-6));
    expect(frequencies.attentionScale).toBeCloseTo(attentionScale, 10);
  } finally {
    await rm(folder, { recursive: true });
  }
});
