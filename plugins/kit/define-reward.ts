import { z } from 'zod';
import type { PluginContext } from './context.ts';
import { type MaybePromise, methodsWith } from './method.ts';
import type { Plugin } from './plugin.ts';

/** Answers to be judged. */
export const rewardRequest = z.object({
  items: z
    .array(z.object({ prompt: z.string(), completion: z.string(), reference: z.string().optional() }))
    .min(1)
    .max(10_000),
});
export type RewardRequest = z.output<typeof rewardRequest>;

export interface RewardDefinition<Settings> {
  settings?: z.ZodType<Settings>;
  /** One finite number an item, in their order; higher is better. */
  score(request: RewardRequest, context: PluginContext<Settings>): MaybePromise<readonly number[]>;
}

/** Judges answers. Methods: `score` ({items} → {scores}). */
export function defineReward<Settings>(definition: RewardDefinition<Settings>): Plugin {
  const methods = methodsWith(definition.settings);
  return methods.plugin('reward', {
    score: methods.call(rewardRequest, z.object({ scores: z.array(z.number()) }), async (request, context) => {
      const scores = [...(await definition.score(request, context))];
      if (scores.length !== request.items.length)
        throw new Error(`${request.items.length} items were given, and ${scores.length} scores came back`);
      return { scores };
    }),
  });
}
