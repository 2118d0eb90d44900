import { packPool } from '@anneal/engine/internals';
import { describe, expect, it } from 'vitest';
import { ignoredLabel, padded, targetsOf, unpadded } from './batches.ts';
import { instructionBatches, rowLength } from './instruction-set.ts';

describe('padded', () => {
  it('fills up to the longest sequence and is undone by unpadded', () => {
    const sequences = [
      { ids: [1, 2, 3], labels: [ignoredLabel, 2, 3] },
      { ids: [0], labels: [0] },
    ];
    const batch = padded(sequences);
    expect(batch).toEqual({
      input_ids: [
        [1, 2, 3],
        [0, 0, 0],
      ],
      labels: [
        [ignoredLabel, 2, 3],
        [0, ignoredLabel, ignoredLabel],
      ],
      attention_mask: [
        [1, 1, 1],
        [1, 0, 0],
      ],
    });
    expect(unpadded(batch)).toEqual(sequences);
    expect(targetsOf(batch)).toBe(2);
  });
});

describe('instructionBatches', () => {
  const batches = instructionBatches(20, 1000, 4);

  it('gives the same examples each time, prompts masked', () => {
    expect(instructionBatches(20, 1000, 4)).toEqual(batches);
    for (const { ids, labels } of batches.flatMap(unpadded)) {
      const prompt = labels.findIndex((label) => label !== ignoredLabel);
      expect(labels.slice(prompt)).toEqual(ids.slice(prompt));
      expect(prompt / ids.length).toBeGreaterThan(0.25);
      expect(prompt / ids.length).toBeLessThan(0.75);
    }
  });

  it('has lengths from 20 to 256 with a median of about 80', () => {
    const lengths = batches
      .flatMap(unpadded)
      .map(({ ids }) => ids.length)
      .sort((a, b) => a - b);
    expect(lengths[0]).toBeGreaterThanOrEqual(20);
    expect(lengths.at(-1)).toBeLessThanOrEqual(rowLength);
    expect(Math.abs((lengths[lengths.length >> 1] ?? 0) - 80)).toBeLessThan(20);
  });

  it('fills four rows with the examples of each step', () => {
    for (const batch of batches) {
      const lengths = unpadded(batch).map(({ ids }) => ids.length);
      expect(packPool(lengths, rowLength)).toHaveLength(4);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(0.9 * 4 * rowLength);
    }
  });
});
