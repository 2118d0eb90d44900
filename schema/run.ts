import { eventsCursor, metricsCursor, metricSummaries, secondsLeft, type Issue } from '@anneal/core';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { Artifact } from './artifact.ts';
import { builder } from './builder.ts';
import { IssueRef } from './errors.ts';
import { LogLine } from './log.ts';
import { MetricSeriesRef, MetricSummaryRef } from './metric.ts';
import { connectionCost } from './page.ts';
import { RunState } from './run-state.ts';

/** Most points of one curve in one answer. */
const maximumPoints = 5000;

interface Problem {
  code: string;
  message: string;
  issues: Issue[];
}

const RunError = builder.objectRef<Problem>('RunError').implement({
  description: 'Why a run failed, and what to do about it.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'For programs: `MODEL_NOT_FOUND`, `DATASET_INVALID`, `OUT_OF_MEMORY`, …' }),
    message: t.exposeString('message', { description: 'For people: what is wrong, where, and what to do.' }),
    issues: t.field({
      type: [IssueRef],
      resolve: (problem) => problem.issues,
      description: 'One for each field or row that is wrong; may be empty.',
    }),
  }),
});

export const Run = builder.prismaNode('Run', {
  description: 'One training job and everything it produced.',
  id: { field: 'id', description: 'Global id.' },
  // What is gone is null for `node`, not an error.
  nullable: true,
  select: { id: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; several runs may have the same.' }),
    state: t.expose('state', { type: RunState, description: 'Where it stands.' }),
    experiment: t.relation('experiment', { description: 'The experiment that it belongs to.' }),
    config: t.expose('config', { type: 'JSON', description: 'The whole training configuration, defaults filled in.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When training began; null before.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended, in whatever way; null before.' }),
    step: t.exposeInt('step', { description: 'Optimizer steps done.' }),
    totalSteps: t.exposeInt('totalSteps', { nullable: true, description: 'Optimizer steps in all; null until the data has been read.' }),
    progress: t.float({
      nullable: true,
      select: { step: true, totalSteps: true },
      description: 'Share of the steps that are done, 0 to 1; null until `totalSteps` is known.',
      resolve: ({ step, totalSteps }) => (totalSteps ? Math.min(1, step / totalSteps) : null),
    }),
    secondsLeft: t.float({
      nullable: true,
      select: { state: true, step: true, totalSteps: true, secondsPerStep: true, lastStepAt: true },
      description: 'Seconds until the last step, estimated from the recent ones; null when the run is not going.',
      resolve: (run) => secondsLeft(run, new Date()),
    }),
    attempts: t.exposeInt('attempts', {
      description: 'How often a training process was started for it. More than 1: it was paused, or died, and went on from a checkpoint.',
    }),
    parameters: t.exposeFloat('parameters', {
      nullable: true,
      description: 'Weights of the whole model. A whole number; null until the model has been read.',
    }),
    trainableParameters: t.exposeFloat('trainableParameters', {
      nullable: true,
      description: 'Weights that are trained. A whole number; null until the model has been read.',
    }),
    error: t.field({
      type: RunError,
      nullable: true,
      select: { errorCode: true, errorMessage: true, errorIssues: true },
      description: 'Why it failed; null when it did not.',
      resolve: ({ errorCode, errorMessage, errorIssues }) =>
        errorCode ? { code: errorCode, message: errorMessage ?? '', issues: storedIssues.parse(errorIssues) } : null,
    }),
    summary: t.field({
      type: [MetricSummaryRef],
      args: { keys: t.arg.stringList({ description: 'Only these metrics. Left out: all.' }) },
      select: { summary: true },
      description: 'Last, lowest and highest value of each metric. Cheap: no point is read.',
      resolve: (run, { keys }) => metricSummaries(run.summary).filter((metric) => !keys || keys.includes(metric.key)),
    }),
    series: t.field({
      type: [MetricSeriesRef],
      args: {
        keys: t.arg.stringList({ required: true, description: 'Which metrics; one curve each, in this order.' }),
        fromStep: t.arg.int({ description: 'First step. Left out: from the beginning.' }),
        toStep: t.arg.int({ description: 'Last step. Left out: to the end.' }),
        maxPoints: t.arg.int({ defaultValue: 500, description: `Most buckets of one curve, 1 to ${maximumPoints}.` }),
      },
      complexity: ({ keys, maxPoints }) => ({ field: 1 + Math.ceil((keys.length * pointLimit(maxPoints)) / 100), multiplier: 1 }),
      description: 'The curves of metrics. A long curve comes as buckets with lowest, highest and last value, so that no peak is lost.',
      resolve: (run, { keys, fromStep, toStep, maxPoints }, { studio }) =>
        studio.metrics.series(run.id, keys, {
          fromStep: fromStep ?? undefined,
          toStep: toStep ?? undefined,
          maxPoints: pointLimit(maxPoints),
        }),
    }),
    log: t.relatedConnection('events', {
      type: LogLine,
      cursor: 'runId_sequence',
      totalCount: true,
      complexity: connectionCost,
      description: 'What the training process wrote, the oldest line first. For the newest: `last`.',
      query: { where: { type: 'LOG' }, orderBy: { sequence: 'asc' } },
    }),
    checkpoints: t.relatedConnection('checkpoints', {
      cursor: 'id',
      totalCount: true,
      complexity: connectionCost,
      description: 'Its saved states, the first one first.',
      query: { orderBy: [{ step: 'asc' }, { id: 'asc' }] },
    }),
    artifacts: t.relation('artifacts', {
      type: Artifact,
      query: { orderBy: { step: 'asc' } },
      description: 'What it produced for use elsewhere.',
    }),
    metricsCursor: t.string({
      select: { journalSequence: true },
      description: 'Where `trainingMetrics(after:)` goes on from what `summary` and `series` of this same answer show.',
      resolve: (run) => metricsCursor(run),
    }),
    eventsCursor: t.string({
      select: { eventSequence: true },
      description: 'Where `runEvents(after:)` goes on from this answer.',
      resolve: (run) => eventsCursor(run),
    }),
  }),
});

function pointLimit(maxPoints: number | null | undefined): number {
  const points = maxPoints ?? 500;
  if (points < 1 || points > maximumPoints) {
    throw new GraphQLError(`"maxPoints" is ${points}; a curve has 1 to ${maximumPoints} buckets.`, {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  return points;
}

const storedIssues = z.array(z.object({ path: z.string(), message: z.string() })).catch([]);
