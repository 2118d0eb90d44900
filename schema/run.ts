import { eventsCursor, metricsCursor, metricSummaries, secondsLeft, visibleTo, type Issue } from '@anneal/core';
import { z } from 'zod';
import { Artifact } from './artifact.ts';
import { builder } from './builder.ts';
import { IssueRef } from './errors.ts';
import { LogFilter, LogLine, logWhere } from './log.ts';
import { MetricSeriesRef, MetricSummaryRef } from './metric.ts';
import { connectionCost } from './page.ts';
import { maximumPoints, pointLimit, seriesCost } from './point-limit.ts';
import { RunFileRef } from './run-file.ts';
import { queuePlace } from './run-queue.ts';
import { RunState } from './run-state.ts';

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
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  findUnique: (id, { viewer }) => ({ id, ...visibleTo(viewer) }),
  authScopes: ({ projectId }) => ({ member: projectId }),
  // What is gone, or nobody's business, is null for `node`, not an error.
  nullable: true,
  select: { id: true, projectId: true },
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name; several runs may have the same.' }),
    state: t.expose('state', { type: RunState, description: 'Where it stands.' }),
    experiment: t.relation('experiment', { description: 'The experiment that it belongs to.' }),
    project: t.relation('project', { description: 'The project that it belongs to.' }),
    parent: t.relation('parent', {
      nullable: true,
      description: 'The run that it was cloned from; null when it was not, or that one is gone.',
    }),
    tags: t.stringList({
      select: { tags: { orderBy: { name: 'asc' } } },
      resolve: ({ tags }) => tags.map(({ name }) => name),
      description: 'Words to find it by, from A to Z.',
    }),
    notes: t.exposeString('notes', { description: 'What it is about; may be empty.' }),
    priority: t.exposeInt('priority', { description: '-100 to 100: higher ones leave the queue first.' }),
    queuePosition: t.int({
      nullable: true,
      select: { id: true, state: true },
      description: 'Its place in the queue, from 1; null when it is not queued.',
      resolve: async ({ id, state }, _args, context) => (state === 'QUEUED' ? ((await queuePlace(context, id))?.position ?? null) : null),
    }),
    secondsUntilStart: t.float({
      nullable: true,
      select: { id: true, state: true },
      description:
        'Seconds until it starts, estimated from how long the runs before it still take; those that have not begun are taken to be like the last 20 that completed. Null when it is not queued, or nothing is known yet.',
      resolve: async ({ id, state }, _args, context) => (state === 'QUEUED' ? ((await queuePlace(context, id))?.seconds ?? null) : null),
    }),
    device: t.exposeString('device', {
      nullable: true,
      description: 'What its steps are computed on: `cpu`, `cuda`, …; null before it has started.',
    }),
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
    crashes: t.exposeInt('crashes', { description: 'How often its process died on its own since it was started or tried again.' }),
    maxCrashes: t.exposeInt('maxCrashes', { description: 'How often it may be started again after that, 0 to 20.' }),
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
      args: {
        keys: t.arg.stringList({ description: 'Only these metrics. Left out: all.' }),
        rank: t.arg.int({ defaultValue: 0, description: 'Of which process; 0 is the first. See `ranks`.' }),
      },
      select: { id: true, summary: true },
      description: 'Last, lowest and highest value of each metric. Cheap: no point is read.',
      resolve: async (run, { keys, rank }, { studio }) => {
        const metrics = rank ? await studio.metrics.summary(run.id, rank) : metricSummaries(run.summary);
        return metrics.filter((metric) => !keys || keys.includes(metric.key));
      },
    }),
    ranks: t.loadableList({
      type: 'Int',
      load: (ids: string[], { studio }) => studio.metrics.ranks(ids),
      resolve: ({ id }) => id,
      description: 'Processes of a distributed run that measured something, rising; a run on one machine has 0 alone.',
    }),
    series: t.field({
      type: [MetricSeriesRef],
      args: {
        keys: t.arg.stringList({ required: true, description: 'Which metrics; one curve each, in this order.' }),
        rank: t.arg.int({ defaultValue: 0, description: 'Of which process; 0 is the first. See `ranks`.' }),
        fromStep: t.arg.int({ description: 'First step. Left out: from the beginning.' }),
        toStep: t.arg.int({ description: 'Last step. Left out: to the end.' }),
        maxPoints: t.arg.int({ defaultValue: 500, description: `Most buckets of one curve, 1 to ${maximumPoints}.` }),
      },
      complexity: ({ keys, maxPoints }) => seriesCost(1, keys.length, maxPoints),
      select: { id: true, journalSequence: true, thinnedAt: true },
      description:
        'The curves of metrics. A long curve comes as buckets with lowest, highest and last value, so that no peak is lost. It holds what `metricsCursor` of the same answer stands for, nothing later.',
      resolve: (run, { keys, rank, fromStep, toStep, maxPoints }, { studio }) =>
        studio.metrics.series(run, keys, {
          rank: rank ?? undefined,
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
      args: { filter: t.arg({ type: LogFilter, description: 'Which lines.' }) },
      description: 'What the training process wrote, the oldest line first. For the newest: `last`.',
      query: ({ filter }) => ({ where: { type: 'LOG', ...logWhere(filter) }, orderBy: { sequence: 'asc' } }),
    }),
    workerLog: t.field({
      type: RunFileRef,
      nullable: true,
      description: 'What its processes printed besides, errors with their stacks among it; null before the first has started.',
      resolve: ({ id }, _args, { studio }) => studio.runFiles.workerLog(id),
    }),
    tensorBoardFiles: t.field({
      type: [RunFileRef],
      description: 'Event files that TensorBoard reads; none where `run.tensorBoard` of the configuration is off.',
      resolve: ({ id }, _args, { studio }) => studio.runFiles.ofTensorBoard(id),
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

const storedIssues = z.array(z.object({ path: z.string(), message: z.string() })).catch([]);
