import { Unavailable } from '@anneal/core';
import { builder } from './builder.ts';
import { existingRun } from './existing-run.ts';
import { stoppable } from './stream.ts';

export interface TryRunChunk {
  side: 'BASE' | 'TUNED';
  text: string;
  done: boolean;
  tokens: number;
  seconds: number;
  /** Null: none. */
  problem?: string | null;
}

export interface Sampling {
  temperature: number;
  topK: number;
  topP: number;
  maxTokens: number;
  seed: number;
  stop: string[];
}

const TryRunSide = builder.enumType('TryRunSide', {
  description: 'Which of the two models wrote.',
  values: {
    BASE: { description: 'The model before fine-tuning.' },
    TUNED: { description: 'The model with what the run has learned.' },
  } as const,
});

const TryRunChunkRef = builder.objectRef<TryRunChunk>('TryRunChunk').implement({
  description: 'Some more text of one side.',
  fields: (t) => ({
    side: t.expose('side', { type: TryRunSide, description: 'Which model wrote it.' }),
    text: t.exposeString('text', { description: 'The text since the last chunk of this side.' }),
    done: t.exposeBoolean('done', { description: 'Whether this side has ended.' }),
    tokens: t.exposeInt('tokens', { description: 'Tokens that this side has written so far.' }),
    seconds: t.exposeFloat('seconds', { description: 'Seconds that this side has taken so far.' }),
    problem: t.string({ nullable: true, resolve: (chunk) => chunk.problem ?? null, description: 'Why this side could not go on; null when it could.' }),
  }),
});

const TryRunInput = builder.inputType('TryRunInput', {
  description: 'A prompt, and how the next token is chosen.',
  fields: (t) => ({
    runId: t.id({ required: true, description: 'The run to try. It needs an artifact or a checkpoint.' }),
    prompt: t.string({ required: true, description: 'What the models go on from, put into the prompt format that the run was trained with.' }),
    temperature: t.float({ defaultValue: 0, description: '0: always the most likely token. 1: as the model believes. At most 10.' }),
    topK: t.int({ defaultValue: 0, description: 'Only from the k most likely tokens. 0: from all.' }),
    topP: t.float({ defaultValue: 1, description: 'Only from the most likely tokens that together reach this probability, above 0 to 1.' }),
    maxTokens: t.int({ defaultValue: 200, description: 'Stops after this many tokens, at most 4096.' }),
    seed: t.int({ defaultValue: 0, description: 'The same seed gives the same text.' }),
    stop: t.stringList({ description: 'Stops before any of these texts.' }),
  }),
});

builder.subscriptionField('tryRun', (t) =>
  t.field({
    type: TryRunChunkRef,
    description: 'Generates with the base model and the tuned one side by side. Unsubscribing stops both.',
    args: { input: t.arg({ type: TryRunInput, required: true, description: 'What to generate.' }) },
    subscribe: async (_root, { input }, context) => {
      const { playground } = context.studio;
      if (!playground) throw new Unavailable('Generation is not part of this studio.');
      const runId = await existingRun(context, String(input.runId));
      const sampling: Sampling = {
        temperature: input.temperature ?? 0,
        topK: input.topK ?? 0,
        topP: input.topP ?? 1,
        maxTokens: input.maxTokens ?? 200,
        seed: input.seed ?? 0,
        stop: input.stop ?? [],
      };
      return stoppable((signal) => playground.generate({ runId, prompt: input.prompt, sampling, signal }));
    },
    resolve: (chunk) => chunk,
  }),
);
