import { describe, expect, it } from 'vitest';
import { bundledModelFolder } from '../bundled/bundled.ts';
import { readModelConfig } from '../models/model-config.ts';
import { fullNeed, loraNeeds } from './training-needs.ts';

describe('what training a model takes', () => {
  it('is more for all of its weights than for LoRA: four numbers a weight', async () => {
    const config = await readModelConfig(bundledModelFolder);
    const [lora] = loraNeeds(config);
    const full = fullNeed(config);
    expect([full.trainable, full.storage]).toEqual(['full', 'float32']);
    expect(full.memory).toBeGreaterThan(lora?.memory ?? Infinity);
    const larger = fullNeed({ ...config, layers: config.layers + 1 });
    const layer = (larger.memory - full.memory) / 16;
    expect(layer).toBeGreaterThan(4 * config.hiddenSize ** 2);
  });

  it('is less on a GPU, where the program itself does not lie', async () => {
    for (const { memory, onDevice } of loraNeeds(await readModelConfig(bundledModelFolder))) expect(onDevice).toBeLessThan(memory);
  });
});
