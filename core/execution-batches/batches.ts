import type { ExecutionBatch, Prisma, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { DataProcess } from '../datasets/data-process.ts';
import { columnRow, type ColumnRow } from '../datasets/data-protocol.ts';
import type { DatasetUse } from '../datasets/dataset-use.ts';
import type { ReadingSettings } from '../datasets/version-reading.ts';
import { Conflict, Invalid, LimitExceeded, NotFound } from '../errors.ts';
import { chosenPrompt } from '../executions/prompt-target.ts';
import { newId } from '../ids.ts';
import type { AbTestService } from '../ab-tests/ab-tests.ts';
import type { PromptUse } from '../prompts/prompt-use.ts';
import type { Bus } from '../streams/bus.ts';
import { z } from 'zod';
import { mostUnfinished } from './batch-limits.ts';
import { type BatchSettingsInput, checkedBatchSettings, chosenColumns, type VariableColumn } from './batch-input.ts';

export interface BatchServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  promptUse: PromptUse;
  abTests: Pick<AbTestService, 'assign'>;
  datasetUse: Pick<DatasetUse, 'rowSource'>;
}

export interface ExecuteBatchInput extends BatchSettingsInput {
  promptId?: string;
  label?: string;
  versionId?: string;
  datasetVersionId: string;
  columns?: readonly VariableColumn[];
}

/** Prompts that are asked for each row of a dataset. */
export class ExecutionBatchService {
  readonly #options: BatchServiceOptions;

  constructor(options: BatchServiceOptions) {
    this.#options = options;
  }

  /**
   * Begins a batch. Which version is asked is settled now; its rows follow by themselves.
   * @throws NotFound, Forbidden for viewers, Conflict while the dataset is being checked, Invalid with an issue a field, LimitExceeded
   * when too many of the project have not ended
   */
  async start(viewer: Viewer, input: ExecuteBatchInput): Promise<ExecutionBatch> {
    const { prisma, bus, promptUse, datasetUse } = this.#options;
    const { promptId, label, versionId, datasetVersionId, columns = [], ...given } = input;
    const { projectId, reference } = await chosenPrompt(this.#options, viewer, { promptId, label, versionId });
    const { settings: reading, rows, ...source } = await datasetUse.rowSource(viewer, datasetVersionId);
    if (source.projectId !== projectId) throw new NotFound(`There is no dataset version ${datasetVersionId} in the project of the prompt.`);
    const { settings, concurrency, limit = rows } = checkedBatchSettings(given);
    const { version, included } = await promptUse.resolve(viewer, reference);
    const model = settings.model ?? version.model;
    if (model === null) throw noModel();
    const first = await firstRow(reading, [...included.variables.map(({ name }) => name), ...columns.map(({ column }) => column)]);
    const chosen = chosenColumns(included.variables, first, columns);
    const { model: _model, sessionId: _session, subjectId: _subject, ...parameters } = settings;
    const id = newId();
    const batch = await prisma.$transaction(async (transaction) => {
      const unfinished = await transaction.executionBatch.count({ where: { projectId, state: 'RUNNING' } });
      if (unfinished >= mostUnfinished) throw tooMany(unfinished);
      const subject = { type: 'ExecutionBatch', id };
      const total = Math.min(limit, rows);
      await audit(transaction, viewer, {
        action: 'executeBatch',
        projectId,
        subject,
        details: { versionId: version.id, datasetVersionId, total },
      });
      return transaction.executionBatch.create({
        data: {
          ...{ id, projectId, promptVersionId: version.id, datasetVersionId, state: 'RUNNING', model, columns: chosen },
          ...{ parameters, concurrency, total, createdById: viewer.userId },
        },
      });
    });
    bus.topic('queue').publish('');
    return batch;
  }

  /**
   * Ends a batch: rows that are being asked stop, others are not asked any more. What is there stays.
   * @throws NotFound, Forbidden for viewers, Conflict when it has ended
   */
  async cancel(viewer: Viewer, id: string): Promise<void> {
    const { prisma, bus } = this.#options;
    const batch = await this.batchFor(viewer, id, 'EDITOR', 'execute');
    const stopped = await prisma.$transaction(async (transaction) => {
      const { projectId } = batch;
      const { count } = await transaction.executionBatch.updateMany({
        where: { id, state: 'RUNNING' },
        data: { state: 'CANCELLED', finishedAt: new Date() },
      });
      if (count === 0) throw new Conflict('This batch has ended already.');
      const ids = await cancelOpen(transaction, id);
      const subject = { type: 'ExecutionBatch', id };
      await audit(transaction, viewer, { action: 'cancelExecutionBatch', projectId, subject, details: { rowsStopped: ids.length } });
      return ids;
    });
    tellStopped(bus, id, stopped);
  }

  /** @throws NotFound, Forbidden */
  async batchFor(viewer: Viewer, id: string, role: 'VIEWER' | 'EDITOR', scope: 'read' | 'execute'): Promise<ExecutionBatch> {
    const what = `batch ${id}`;
    const batch = await this.#options.prisma.executionBatch.findUnique({ where: { id } });
    if (!batch) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: batch.projectId, role, scope, what });
    return batch;
  }
}

/** Ends what of a batch is waiting or running. The batch must have been ended in the same transaction. @returns the ids */
export async function cancelOpen(transaction: Prisma.TransactionClient, batchId: string): Promise<string[]> {
  const open = { batchId, state: { in: ['QUEUED' as const, 'RUNNING' as const] } };
  const found = await transaction.execution.findMany({ where: open, select: { id: true } });
  const ended = { state: 'CANCELLED' as const, finishedAt: new Date(), aliveUntil: null };
  const { count } = await transaction.execution.updateMany({ where: open, data: ended });
  await transaction.executionBatch.update({ where: { id: batchId }, data: { failed: { increment: count } } });
  return found.map(({ id }) => id);
}

/** Whoever works on what was stopped is to leave it; streams of it and of the batch look again. */
export function tellStopped(bus: Bus, batchId: string, stopped: readonly string[]): void {
  for (const executionId of stopped) {
    bus.topic('executionEnd').publish(executionId);
    bus.topic('execution').publish(executionId);
  }
  bus.topic('executionBatch').publish(batchId);
}

async function firstRow(settings: ReadingSettings, columns: readonly string[]): Promise<ColumnRow> {
  const process = new DataProcess();
  try {
    const request = { type: 'columns' as const, settings, columns: [...new Set(columns)], offset: 0, limit: 1 };
    const [row] = await process.ask(request, z.array(columnRow));
    if (row) return row;
  } finally {
    process.close();
  }
  const message = 'The dataset has no rows.';
  throw new Invalid(message, [{ path: 'datasetVersionId', message }]);
}

const tooMany = (unfinished: number) =>
  new LimitExceeded(
    `${unfinished} batches of this project have not ended; there may be ${mostUnfinished}. Wait for one, or end it with cancelExecutionBatch.`,
  );

function noModel(): Invalid {
  const message = 'No model is named: neither here nor by the version of the prompt. Say which one is to be asked.';
  return new Invalid(message, [{ path: 'model', message }]);
}
