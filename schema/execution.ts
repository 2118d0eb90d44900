import { type ExecutionParameters, executionParameters, type Issue, visibleTo } from '@anneal/core';
import type { Execution as ExecutionRow } from '@anneal/prisma';
import { encodeGlobalID } from '@pothos/plugin-relay';
import { z } from 'zod';
import { builder } from './builder.ts';
import { IssueRef } from './errors.ts';
import { ExecutionState } from './execution-state.ts';
import { databaseId } from './global-id.ts';
import { authors } from './prompt-author.ts';
import { User } from './user.ts';

/** Why an execution failed, as its row has it. */
interface Problem {
  code: string;
  message: string;
  issues: Issue[];
}

export const ExecutionErrorRef = builder.objectRef<Problem>('ExecutionError').implement({
  description: 'Why an execution has no whole answer, and what to do about it.',
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'For programs. Of what was asked: `VARIABLES_INVALID`, `TEMPLATE_INVALID`, `INCLUDES_INVALID`, `INVALID_INPUT`, `TOO_LARGE`, `MODEL_NOT_FOUND`. Of the model or its provider: `AUTHENTICATION`, `PERMISSION`, `QUOTA`, `RATE_LIMITED`, `OVERLOADED`, `UNAVAILABLE`, `TIMEOUT`, `CONTEXT_TOO_LONG`, `INVALID_REQUEST`, `CUT_STREAM`, `MALFORMED_REPLY`, `PLUGIN_FAILED`. Of the studio: `TIME_LIMIT`, `OUTPUT_TOO_LONG`, `SERVER_STOPPED`, `INTERNAL`.',
    }),
    message: t.exposeString('message', { description: 'For people: what is wrong, and what to do.' }),
    issues: t.field({
      type: [IssueRef],
      resolve: ({ issues }) => issues,
      description: 'One for each part of the input that is wrong; may be empty, and is so once the texts were deleted.',
    }),
  }),
});

export const CacheUse = builder.enumType('CacheUse', {
  description: 'Whether an answer may come from the output cache, and go into it.',
  values: {
    DEFAULT: { description: 'Where the same question gets the same answer: at temperature 0.' },
    BYPASS: { description: 'Never: the model is asked.' },
    FORCE: { description: 'Also where the answer is drawn by lot: at temperatures above 0.' },
  } as const,
});

const ExecutionParametersRef = builder.objectRef<ExecutionParameters>('ExecutionParameters').implement({
  description: 'How a model is asked.',
  fields: (t) => ({
    temperature: t.exposeFloat('temperature', { description: '0 to 2; 0 always takes the most likely token.' }),
    topP: t.float({
      resolve: ({ topP }) => topP ?? 1,
      description: 'Share of the most likely tokens that are drawn from: above 0, at most 1.',
    }),
    maxTokens: t.exposeInt('maxTokens', { description: 'Most tokens of the answer.' }),
    stop: t.exposeStringList('stop', { description: 'Texts that end the answer.' }),
    seed: t.int({ nullable: true, resolve: ({ seed }) => seed ?? null, description: 'What the lot is drawn with; null: anything.' }),
    timeLimitSeconds: t.exposeFloat('timeLimitSeconds', { description: 'Most seconds, all attempts together.' }),
    maxAttempts: t.exposeInt('maxAttempts', { description: 'How often the model is asked at most.' }),
    cache: t.expose('cache', { type: CacheUse, description: 'Use of the output cache.' }),
  }),
});

interface Included {
  name: string;
  label: string | null;
  number: number;
}

export const IncludedPromptRef = builder.objectRef<Included>('IncludedPrompt').implement({
  description: 'A prompt that was included, as it stood then.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    label: t.exposeString('label', { nullable: true, description: 'The label that led to the version; null: none, the newest was taken.' }),
    number: t.exposeInt('number', { description: 'Number of the version.' }),
  }),
});

const storedIssues = z.array(z.object({ path: z.string(), message: z.string() })).catch([]);
const storedIncludes = z.array(z.object({ name: z.string(), label: z.string().nullable(), number: z.int() })).catch([]);

/** What a row says of its failure; null: it has not failed. */
export const problemIn = (row: Pick<ExecutionRow, 'errorCode' | 'errorMessage' | 'errorIssues'>): Problem | null =>
  row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '', issues: storedIssues.parse(row.errorIssues) };

export const Execution = builder.prismaNode('Execution', {
  description:
    'One question to a language model and what came of it. Its texts may be deleted after a while (see `textsDeletedAt`); its figures stay.',
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true, userId: true },
  fields: (t) => ({
    state: t.expose('state', { type: ExecutionState, description: 'Where it stands.' }),
    project: t.relation('project', { description: 'The project that it belongs to.' }),
    prompt: t.relation('prompt', { nullable: true, description: 'The prompt; null for a wording of its own, or when it was deleted.' }),
    promptVersion: t.relation('promptVersion', {
      nullable: true,
      description: 'The version of the prompt; null for a wording of its own, or when it was deleted.',
    }),
    label: t.exposeString('label', { nullable: true, description: 'The label that led to the version; null: none.' }),
    abTest: t.relation('abTest', {
      nullable: true,
      description: 'The A/B test that it was made for; null: none, or one that was deleted.',
    }),
    abVariant: t.relation('abVariant', { nullable: true, description: 'The variant of the test; null: none, or one that was deleted.' }),
    batch: t.relation('batch', { nullable: true, description: 'The batch that it is a row of; null: none.' }),
    batchRow: t.exposeInt('batchRow', { nullable: true, description: 'Row of the dataset, from 1; null when it is of no batch.' }),
    sessionId: t.exposeString('sessionId', {
      nullable: true,
      description: 'What it belongs to for whoever asked: a conversation, a visit.',
    }),
    subjectId: t.exposeString('subjectId', { nullable: true, description: 'Whom it was made for, as whoever asked names them.' }),
    user: t.loadable({
      type: User,
      nullable: true,
      description: 'Who asked; null: somebody who was removed.',
      load: (ids: string[], { studio }) => authors(studio.prisma, ids),
      resolve: ({ userId }) => userId,
    }),
    apiKeyId: t.id({
      nullable: true,
      select: { apiKeyId: true },
      description: 'Global id of the API key that it was asked with; null: somebody was there in person.',
      resolve: ({ apiKeyId }) => (apiKeyId === null ? null : encodeGlobalID('ApiKey', apiKeyId)),
    }),
    model: t.string({
      nullable: true,
      select: { model: true },
      description: 'The model, `plugin/model`; null when nobody had said which.',
      resolve: ({ model }) => model || null,
    }),
    parameters: t.field({
      type: ExecutionParametersRef,
      select: { parameters: true },
      description: 'How the model was asked.',
      resolve: ({ parameters }) => executionParameters(parameters),
    }),
    variables: t.expose('variables', {
      type: 'JSON',
      nullable: true,
      description: 'Values of the variables as they were given, by name; null when they were deleted, or could not be kept.',
    }),
    systemPrompt: t.exposeString('systemPrompt', {
      nullable: true,
      description: 'The rendered system prompt, may be empty; null when it could not be rendered, or was deleted.',
    }),
    messages: t.expose('messages', {
      type: 'JSON',
      nullable: true,
      description: 'What was sent, `[{ role, content }]`; null when it could not be rendered, or was deleted.',
    }),
    includes: t.field({
      type: [IncludedPromptRef],
      select: { includes: true },
      description: 'Prompts that were included.',
      resolve: ({ includes }) => storedIncludes.parse(includes),
    }),
    output: t.exposeString('output', {
      nullable: true,
      description: 'What has come so far; null when nothing has, or when it was deleted. `executionStream` follows it live.',
    }),
    finishReason: t.exposeString('finishReason', {
      nullable: true,
      description:
        'What the answer ended with: `stop` (by itself, or at a stop text), `length` (at `maxTokens`), `refusal`, `toolCalls`; null without one.',
    }),
    inputTokens: t.exposeInt('inputTokens', {
      nullable: true,
      description:
        'Tokens of the question, those in the cache of the provider among them; null when that is not known, as of every execution without a whole answer.',
    }),
    outputTokens: t.exposeInt('outputTokens', {
      nullable: true,
      description: 'Tokens of the answer; null when that is not known, as without a whole answer.',
    }),
    cacheReadTokens: t.exposeInt('cacheReadTokens', {
      nullable: true,
      description: 'Of the input: tokens that the provider had read before; null when that is not known.',
    }),
    cacheWriteTokens: t.exposeInt('cacheWriteTokens', {
      nullable: true,
      description: 'Of the input: tokens that the provider keeps to read again; null when that is not known.',
    }),
    costUsd: t.exposeFloat('costUsd', {
      nullable: true,
      description:
        'What it cost, in USD; 0 out of the output cache; null when the price of the model or the tokens are not known. Those of executions that failed, were cancelled or ended at their time limit are not, although providers bill what they have read and written until then.',
    }),
    error: t.field({
      type: ExecutionErrorRef,
      nullable: true,
      select: { errorCode: true, errorMessage: true, errorIssues: true },
      description: 'Why it failed; null when it did not.',
      resolve: problemIn,
    }),
    isCached: t.exposeBoolean('isCached', { description: 'Whether the answer came out of the output cache.' }),
    savedMilliseconds: t.exposeFloat('savedMilliseconds', { description: 'Milliseconds that the output cache saved.' }),
    savedUsd: t.exposeFloat('savedUsd', { description: 'USD that the output cache saved.' }),
    attempts: t.exposeInt('attempts', { description: 'How often the model was asked. More than 1: errors had passed.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it began; null before, and when it could not.',
    }),
    firstTextAfter: t.exposeFloat('firstTextAfter', {
      nullable: true,
      description: 'Milliseconds from its start to the first text; null without one, and before its end.',
    }),
    milliseconds: t.exposeFloat('milliseconds', { nullable: true, description: 'Milliseconds from its start to its end; null before.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended, in whatever way; null before.' }),
    textsDeletedAt: t.expose('redactedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its texts were deleted for their age; null: they are there.',
    }),
  }),
});

builder.queryField('execution', (t) =>
  t.prismaField({
    type: Execution,
    nullable: true,
    description: 'One execution; null when there is none.',
    args: { id: t.arg.id({ required: true, description: 'Its global id.' }) },
    resolve: (query, _root, { id }, { studio, viewer }) =>
      studio.prisma.execution.findUnique({ ...query, where: { id: databaseId('Execution', id), ...visibleTo(viewer) } }),
  }),
);
