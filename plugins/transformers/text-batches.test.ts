import { expect, it } from 'vitest';
import { TextBatches } from './text-batches.ts';

const live = new AbortController().signal;

/** Texts of each pass; the vector of a text is its length. */
function batchesOf(size: number) {
  const passes: string[][] = [];
  const batches = new TextBatches(async (texts) => {
    passes.push([...texts]);
    await new Promise((resolve) => setImmediate(resolve));
    if (texts.includes('bad')) throw new Error('the pass failed');
    return texts.map((text) => ({ vector: [text.length], tokens: 1 }));
  }, size);
  const lengths = async (texts: string[], signal = live) => (await batches.vectors(texts, signal)).map(({ vector }) => vector[0]);
  return { passes, lengths };
}

it('puts questions of the same moment into one pass, and gives everybody their own', async () => {
  const { passes, lengths } = batchesOf(8);
  expect(await Promise.all([lengths(['four', 'a']), lengths(['one']), lengths(['eleven'])])).toEqual([[4, 1], [3], [6]]);
  expect(passes).toEqual([['a', 'one', 'four', 'eleven']]);
});

it('takes no more than fit, and those that came meanwhile after', async () => {
  const { passes, lengths } = batchesOf(2);
  const first = lengths(['aaa', 'bb', 'c']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.all([first, lengths(['dddd'])])).toEqual([[3, 2, 1], [4]]);
  expect(passes).toEqual([
    ['c', 'bb'],
    ['aaa', 'dddd'],
  ]);
});

it('leaves out who has gone, and goes on after a failure', async () => {
  const { passes, lengths } = batchesOf(8);
  await expect(lengths(['gone'], AbortSignal.abort(new Error('cancelled')))).rejects.toThrow('cancelled');
  await expect(lengths(['bad'])).rejects.toThrow('the pass failed');
  expect(await lengths(['good'])).toEqual([4]);
  expect(passes).toEqual([['bad'], ['good']]);
});
