import { Invalid, requireScope, type PlaygroundChunk } from '@anneal/core';
import { z } from 'zod';
import { builder } from './builder.ts';
import { existingRun } from './existing-run.ts';
import { optionalId } from './global-id.ts';
import { stoppable } from './stream.ts';

const TryRunSide = builder.enumType('TryRunSide', {
  description: 'Which of the two models wrote.',
  values: {
    BASE: { description: 'The model before fine-tuning.' },
    TUNED: { description: 'The model with what the run has learned.' },
  } as const,
});

const TryRunChunkRef = builder.objectRef<PlaygroundChunk>('TryRunChunk').implement({
  description: 'Some more text of one side.',
  fields: (t) => ({
    side: t.expose('side', { type: TryRunSide, description: 'Which model wrote it.' }),
    text: t.exposeString('text', { description: 'The text since the last chunk of this side.' }),
    done: t.exposeBoolean('done', { description: 'Whether this side has ended.' }),
    tokens: t.exposeInt('tokens', { description: 'Tokens that this side has written so far.' }),
    seconds: t.exposeFloat('seconds', { description: 'Seconds that this side has taken so far.' }),
    problem: t.string({
      nullable: true,
      resolve: (chunk) => chunk.problem ?? null,
      description: 'Why this side could not go on; null when it could.',
    }),
  }),
});

const TryRunInput = builder.inputType('TryRunInput', {
  description: 'A prompt, and how the next token is chosen.',
  fields: (t) => ({
    runId: t.id({ required: true, description: 'The run to try. It needs an artifact or a checkpoint.' }),
    checkpointId: t.id({ description: 'A checkpoint of the run. Left out: its newest artifact; without one, its newest checkpoint.' }),
    prompt: t.string({
      required: true,
      description: 'What the models go on from, put into the prompt format that the run was trained with.',
    }),
    temperature: t.float({ defaultValue: 0, description: '0: always the most likely token. 1: as the model believes. At most 10.' }),
    topK: t.int({ defaultValue: 0, description: 'Only from the k most likely tokens. 0: from all.' }),
    topP: t.float({ defaultValue: 1, description: 'Only from the most likely tokens that together reach this probability, above 0 to 1.' }),
    maxTokens: t.int({ defaultValue: 200, description: 'Stops after this many tokens, at most 4096.' }),
    seed: t.int({ defaultValue: 0, description: 'The same seed gives the same text.' }),
    stop: t.stringList({ description: 'Stops before any of these texts; at most 16.' }),
  }),
});

const limits = z.object({
  prompt: z.string().max(100_000),
  temperature: z.number().min(0).max(10),
  topK: z.int().min(0),
  topP: z.number().gt(0).max(1),
  maxTokens: z.int().min(1).max(4096),
  seed: z.int().min(0),
  stop: z
    .array(z.string().min(1).max(200))
    .max(16)
    .nullish()
    .transform((texts) => texts ?? []),
});

/** @throws Invalid with one issue for each value that cannot be */
function checked(input: typeof TryRunInput.$inferInput): z.output<typeof limits> {
  const result = limits.safeParse(input);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new Invalid(issues.map(({ path, message }) => `${path}: ${message}`).join('; '), issues);
}

builder.subscriptionField('tryRun', (t) =>
  t.field({
    type: TryRunChunkRef,
    // Needs the scope `execute`, not `read`.
    skipTypeScopes: true,
    description: 'Generates with the base model and the tuned one side by side. Unsubscribing stops both.',
    args: { input: t.arg({ type: TryRunInput, required: true, description: 'What to generate.' }) },
    subscribe: async (_root, { input }, context) => {
      requireScope(context.viewer, 'execute');
      const { playground } = context.studio;
      const runId = await existingRun(context, input.runId);
      const { prompt, ...sampling } = checked(input);
      const checkpointId = optionalId('Checkpoint', input.checkpointId);
      return stoppable((signal) => playground.generate({ runId, checkpointId, prompt, sampling, signal }));
    },
    resolve: (chunk) => chunk,
  }),
);
