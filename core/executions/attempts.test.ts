import { setTimeout } from 'node:timers/promises';
import { type GenerateEvent, ModelError } from '@anneal/plugins';
import { describe, expect, it } from 'vitest';
import { Invalid } from '../errors.ts';
import { askPatiently, type Patience } from './attempts.ts';

const end: GenerateEvent = { type: 'end', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 2 } };
const text = (piece: string): GenerateEvent => ({ type: 'text', text: piece });
const busy = new ModelError('OVERLOADED', 'Busy.');

/** One attempt: what comes, then what goes wrong. */
type Script = [pieces: GenerateEvent[], error?: Error];

async function ask(scripts: readonly Script[], patience: Partial<Patience> = {}, signal = new AbortController().signal) {
  const attempts: number[] = [];
  const texts: string[] = [];
  async function* play(attempt: number): AsyncGenerator<GenerateEvent> {
    attempts.push(attempt);
    texts.push('');
    const [pieces = [], error] = scripts[attempt - 1] ?? scripts.at(-1) ?? [];
    yield* pieces;
    await setTimeout(0);
    if (error) throw error;
  }
  const onText = (piece: string) => {
    texts.push((texts.pop() ?? '') + piece);
    return texts.at(-1)?.length ?? 0;
  };
  const how = { maxAttempts: 3, firstPause: 1, deadline: performance.now() + 60_000, ...patience };
  const answer = await askPatiently(play, onText, how, signal).catch((error: unknown) => error);
  return { answer, attempts, texts };
}

describe('a model', () => {
  it('is asked once when it answers', async () => {
    expect(await ask([[[text('a'), text('b'), end]]])).toEqual({
      answer: { finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 2 } },
      attempts: [1],
      texts: ['ab'],
    });
  });

  it('is asked again after errors that pass, each time from the beginning', async () => {
    const { answer, attempts, texts } = await ask([[[text('a')], busy], [[text('x')], busy], [[text('whole'), end]]]);
    expect({ answer, attempts, texts }).toMatchObject({
      answer: { finishReason: 'stop' },
      attempts: [1, 2, 3],
      texts: ['a', 'x', 'whole'],
    });
  });

  it('is given up after so many attempts, with the last error', async () => {
    const last = new ModelError('UNAVAILABLE', 'Down.');
    expect(
      await ask(
        [
          [[], busy],
          [[], last],
        ],
        { maxAttempts: 2 },
      ),
    ).toMatchObject({ answer: last, attempts: [1, 2] });
  });

  it('is not asked again after errors that stay', async () => {
    for (const error of [new ModelError('AUTHENTICATION', 'No key.'), new Invalid('No model.', []), new Error('a bug')])
      expect(await ask([[[], error]])).toMatchObject({ answer: error, attempts: [1] });
  });

  it('whose answer ends without an end has broken off', async () => {
    expect(await ask([[[text('a')]]], { maxAttempts: 2 })).toMatchObject({ answer: { code: 'CUT_STREAM' }, attempts: [1, 2] });
  });

  it('is asked again after the time that it names, and not when the time would be over then', async () => {
    const later = (retryAfterSeconds: number) => new ModelError('RATE_LIMITED', 'Later.', { retryAfterSeconds });
    const begun = performance.now();
    expect(await ask([[[], later(0.05)], [[end]]])).toMatchObject({ attempts: [1, 2] });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(49);
    const never = later(3600);
    expect(await ask([[[], never]])).toMatchObject({ answer: never, attempts: [1] });
  });

  it('that hangs is left when the signal comes, and told so', async () => {
    const stop = new AbortController();
    let isLeft = false;
    const hanging: AsyncIterable<GenerateEvent> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: async () => {
          isLeft = true;
          return { done: true, value: undefined };
        },
      }),
    };
    const patience = { maxAttempts: 3, firstPause: 1, deadline: performance.now() + 60_000 };
    const asking = askPatiently(
      () => hanging,
      () => 0,
      patience,
      stop.signal,
    );
    stop.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
    expect(isLeft).toBe(true);
  });

  it('that writes without end is stopped', async () => {
    const much = text('x'.repeat(1_500_000));
    expect(await ask([[[much, much, much, end]]])).toMatchObject({ answer: { code: 'OUTPUT_TOO_LONG' }, attempts: [1] });
  });
});
