import { describe, expect, it } from 'vitest';
import { matrixA, matrixB } from '../adapters/lora.ts';
import { sft } from '../methods/sft.ts';
import { families } from '../models/families.ts';
import { countParameters } from '../models/load.ts';
import { llamaConfig } from './model-fits.ts';
import { stepMemory } from './step-memory.ts';

const shape = { vocabularySize: 1000, hiddenSize: 64, intermediateSize: 128, attentionHeads: 4, keyValueHeads: 2, headSize: 16 };
const family = families.llama;

function needsOf(layers: number, gradientCheckpointing: 'none' | 'layer' = 'none', batch = 2) {
  const config = llamaConfig({ ...shape, layers, tiedEmbeddings: true });
  const tensors = new Map<string, readonly number[]>();
  for (const { name, inputs, outputs } of family.linears(config)) tensors.set(matrixA(name), [4, inputs]).set(matrixB(name), [outputs, 4]);
  const rows = { batch, length: 32, targets: 32 * batch, packed: false };
  const model = { family, config, adapter: { settings: { rank: 4, alpha: 8 }, tensors }, method: sft, gradientCheckpointing };
  return { config, tensors, ...stepMemory(model, rows, [...tensors.keys()]) };
}

describe('what a step needs, by its graph', () => {
  it('grows evenly with the layers', () => {
    const [two, four, eight] = [needsOf(2), needsOf(4), needsOf(8)];
    expect(eight.activations - four.activations).toBeCloseTo(2 * (four.activations - two.activations), -3);
    expect(eight.nodes - four.nodes).toBe(2 * (four.nodes - two.nodes));
  });

  it('grows evenly with the sequences', () => {
    const [two, four] = [needsOf(4, 'none', 2), needsOf(4, 'none', 4)];
    expect(four.activations / two.activations).toBeGreaterThan(1.9);
    expect(four.activations / two.activations).toBeLessThan(2.05);
  });

  it('keeps little of a layer with gradient checkpointing', () => {
    const perLayer = (mode: 'none' | 'layer') => (needsOf(12, mode).activations - needsOf(4, mode).activations) / 8;
    expect(perLayer('layer')).toBeLessThan(0.25 * perLayer('none'));
    expect(needsOf(4, 'layer').operations).toBeGreaterThan(needsOf(4).operations);
  });

  it('computes four operations a frozen weight and token, and six a weight that is trained', () => {
    const { config, tensors, operations } = needsOf(8);
    const tokens = 64;
    const linears = countParameters(family.linears(config).map(({ inputs, outputs }) => [inputs, outputs]));
    const products = tokens * (4 * (linears + config.vocabularySize * config.hiddenSize) + 6 * countParameters(tensors.values()));
    // Attention comes on top; below the first trained matrix nothing flows back.
    expect(operations / products).toBeGreaterThan(0.95);
    expect(operations / products).toBeLessThan(1.25);
  });

  it('knows the logits among the results', () => {
    const { logits, activations } = needsOf(1);
    // Two chunks of single precision at most, of which one may be written in place.
    expect(logits).toBeGreaterThanOrEqual(64 * 1000 * 4);
    expect(logits).toBeLessThan(activations);
  });
});
