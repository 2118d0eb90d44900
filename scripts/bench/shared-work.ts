import type { Context, Part } from './context.ts';
import { takeTurns } from './turns.ts';
import { type Variant, variants } from './variants.ts';
import { makeWork } from './work.ts';

/** The steps that several parts look at, taken when the first of them asks. */
export function sharedWork(context: Omit<Context, 'shared'>, parts: readonly Part[]): Context['shared'] {
  let taken: ReturnType<Context['shared']> | undefined;
  return () => (taken ??= take(context, parts));
}

async function take(context: Omit<Context, 'shared'>, parts: readonly Part[]): ReturnType<Context['shared']> {
  const { options, cache, say } = context;
  const { layers, batch, length } = options;
  say(`Steps of both sides (${layers} layers, ${batch} × ${length} tokens)…`);
  // The first step of each process carries the warm-up.
  const work = makeWork(cache, { layers, batch, length, steps: options.steps + 1 });
  const asked = new Set<Variant>(parts.flatMap((part) => part.variants ?? []));
  const productRate = parts.some(({ name }) => name === 'rate') ? variants.fp32.name : undefined;
  // The rate is compared with nothing of the peer's.
  const isCompared = parts.some((part) => part.variants && part.name !== 'rate');
  const task = { ...work, rounds: options.rounds, variants: [...asked], productRate };
  return { work, turns: await takeTurns(task, isCompared ? context : { ...context, peer: { reason: 'It was not needed.' } }) };
}
