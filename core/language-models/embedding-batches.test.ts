import { type EmbedRequest, ModelError } from '@anneal/plugins';
import { describe, expect, it } from 'vitest';
import { EmbeddingBatches } from './embedding-batches.ts';

const never = new AbortController().signal;

/** Answers with the length of each text, ten tokens a letter, and writes down what it was asked. */
function lengths(refused?: string) {
  const asked: EmbedRequest[] = [];
  const batches = new EmbeddingBatches(async (request) => {
    asked.push(request);
    if (refused !== undefined && request.texts.includes(refused)) throw new ModelError('CONTEXT_TOO_LONG', 'Too long.');
    const letters = request.texts.map((text) => text.length);
    return { vectors: letters.map((length) => [length]), usage: { inputTokens: 10 * letters.reduce((sum, length) => sum + length, 0) } };
  });
  return { asked, batches };
}

describe('embeddings that are wanted at the same time', () => {
  it('are asked for in one call, and each gets its own vectors and tokens', async () => {
    const { asked, batches } = lengths();
    const answers = await Promise.all([
      batches.embed({ model: 'm', texts: ['a', 'bb'] }, never),
      batches.embed({ model: 'm', texts: ['cccc'] }, never),
      batches.embed({ model: 'm', texts: ['q'], inputType: 'query' }, never),
      batches.embed({ model: 'other', texts: ['x'] }, never),
    ]);
    expect(asked.map(({ texts }) => texts)).toEqual([['a', 'bb', 'cccc'], ['q'], ['x']]);
    expect(answers).toEqual([
      { vectors: [[1], [2]], usage: { inputTokens: 30 } },
      { vectors: [[4]], usage: { inputTokens: 40 } },
      { vectors: [[1]], usage: { inputTokens: 10 } },
      { vectors: [[1]], usage: { inputTokens: 10 } },
    ]);
  });

  it('fill no more than one call at a time', async () => {
    const { asked, batches } = lengths();
    const texts = Array.from({ length: 200 }, () => 'a');
    await Promise.all([batches.embed({ model: 'm', texts }, never), batches.embed({ model: 'm', texts }, never)]);
    expect(asked.map((request) => request.texts.length)).toEqual([200, 200]);
  });

  it('do not fail with the text of somebody else', async () => {
    const { batches } = lengths('long');
    const [good, bad] = await Promise.allSettled([
      batches.embed({ model: 'm', texts: ['a'] }, never),
      batches.embed({ model: 'm', texts: ['long'] }, never),
    ]);
    expect(good).toMatchObject({ status: 'fulfilled', value: { vectors: [[1]] } });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'CONTEXT_TOO_LONG' } });
  });

  it('can be given up one by one; the call ends with the last', async () => {
    const signals: AbortSignal[] = [];
    const batches = new EmbeddingBatches((_request, signal) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
    });
    const [one, other] = [new AbortController(), new AbortController()];
    const answers = [batches.embed({ model: 'm', texts: ['a'] }, one.signal), batches.embed({ model: 'm', texts: ['b'] }, other.signal)];
    await new Promise((resolve) => setTimeout(resolve, 30));
    one.abort(new Error('enough'));
    await expect(answers[0]).rejects.toThrow('enough');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    other.abort(new Error('enough too'));
    await expect(answers[1]).rejects.toThrow('enough too');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
