import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTrainingData } from './dataset.ts';
import type { DataSettings, LoadOptions } from './load-rows.ts';
import { dataSettings, epochOf } from './testing/load.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-tokens-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const noTokenizer: LoadOptions = {
  tokenizer: () => Promise.reject(new Error('tokens need no tokenizer')),
  model: { vocabularySize: 100, maxPositions: 8 },
  batchSize: 1,
  gradientAccumulation: 3,
  seed: 1,
};
async function open(content: unknown, changes: Partial<DataSettings> = {}) {
  const path = join(folder, 'batches.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return loadTrainingData(dataSettings({ path, validationShare: 0.5, ...changes }), noTokenizer);
}
const step = (first: number) => ({
  input_ids: [
    [first, 2, 3],
    [4, 5, 0],
  ],
  labels: [
    [-100, 2, 3],
    [4, 5, -100],
  ],
  attention_mask: [
    [1, 1, 1],
    [1, 1, 0],
  ],
});

describe('a dataset of tokens', () => {
  it.each(['off', 'on'] as const)('is one step a row, in order, whatever seed, batch and epoch (streaming %s)', async (streaming) => {
    const content = streaming === 'on' ? [10, 11, 12].map((first) => `${JSON.stringify(step(first))}\n`).join('') : [10, 11, 12].map(step);
    const data = await open(content, { streaming });
    expect([data.format, data.stepsPerEpoch, data.validation.length]).toEqual(['tokens', 3, 0]);
    for (const epoch of [0, 1]) {
      const steps = await epochOf(data, epoch);
      expect(steps.map(({ microBatches }) => microBatches)).toEqual(
        [10, 11, 12].map((first) => [
          [
            [{ inputIds: Int32Array.of(first, 2, 3), labels: Int32Array.of(-100, 2, 3) }],
            [{ inputIds: Int32Array.of(4, 5), labels: Int32Array.of(4, 5) }],
          ],
        ]),
      );
    }
    await data.close();
  });

  it('needs no mask where nothing is padded', async () => {
    const data = await open([{ input_ids: [[1, 2]], labels: [[1, 2]] }]);
    expect((await data.step(0, 0)).microBatches).toEqual([[[{ inputIds: Int32Array.of(1, 2), labels: Int32Array.of(1, 2) }]]]);
  });

  it.each([
    [{ input_ids: [1, 2], labels: [1, 2] }, /"input_ids\.0" is a number, not a list/],
    [{ input_ids: [[1, 2], [3]], labels: [[1, 2], [3]] }, /"input_ids" must hold 2 sequences of 2 each/],
    [{ input_ids: [[1, 2]], labels: [[1]] }, /"labels" must hold 1 sequences of 2 each/],
    [{ input_ids: [[1, 100]], labels: [[1, 2]] }, /"input_ids" must be below 100, the size of the model's vocabulary/],
    [{ input_ids: [[1, 2]], labels: [[1, 100]] }, /"labels" must be below 100/],
    [{ input_ids: [[1, 2]], labels: [[1, -1]] }, /"labels\.0\.1" must hold token ids and -100/],
    [{ input_ids: [[1, -2]], labels: [[1, 2]] }, /"input_ids\.0\.1"/],
    [{ input_ids: [[1, 2]], labels: [[1, -100]] }, /"labels" is -100 everywhere/],
    [
      {
        ...step(1),
        attention_mask: [
          [0, 1, 1],
          [1, 1, 0],
        ],
      },
      /padding at the end only/,
    ],
    [{ ...step(1), labels: step(1).input_ids }, /"labels" must be -100 where attention_mask is 0/],
    [{ input_ids: [[1, 2, 3, 4, 5, 6, 7, 8, 9]], labels: [[1, 2, 3, 4, 5, 6, 7, 8, 9]] }, /a sequence of 9 tokens/],
  ])('refuses %j', async (row, message) => {
    await expect(open([step(1), row])).rejects.toThrow(message);
    await expect(open([step(1), row])).rejects.toThrow(/row 2: /);
  });
});
