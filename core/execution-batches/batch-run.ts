import type { Execution, ExecutionBatch, PrismaClient } from '@anneal/prisma';
import { scopes, type Viewer } from '../access/viewer.ts';
import type { DatasetUse } from '../datasets/dataset-use.ts';
import { LimitExceeded, NotFound, StudioError, Unavailable } from '../errors.ts';
import { type ExecutionsAtWork, leaseEnd } from '../executions/at-work.ts';
import type { ExecutionRunner } from '../executions/execution-runner.ts';
import type { PromptUse } from '../prompts/prompt-use.ts';
import type { Bus } from '../streams/bus.ts';
import { orAborted, pause } from '../streams/wake.ts';
import { BatchRows } from './batch-rows.ts';
import { cancelOpen, tellStopped } from './batches.ts';

export interface BatchRunOptions {
  prisma: PrismaClient;
  bus: Bus;
  promptUse: PromptUse;
  datasetUse: Pick<DatasetUse, 'rowSource'>;
  runner: ExecutionRunner;
  atWork: ExecutionsAtWork;
}

/** Until there is room for another execution, or another server's have ended. Milliseconds. */
const breath = 250;

/**
 * Brings a batch to its end, or as far as it comes until the signal: rows that wait are asked, as many at a time as it says, and new ones
 * are written down when there are none. Executions that are under way at the signal end by themselves.
 */
export async function runBatch(options: BatchRunOptions, batch: ExecutionBatch, signal: AbortSignal): Promise<void> {
  let rows: BatchRows | undefined;
  try {
    rows = await openRows(options, batch);
    await askAll(options, batch, rows, signal);
  } catch (error) {
    // What is not there at the moment is tried again.
    if (!(error instanceof StudioError) || error instanceof Unavailable) throw error;
    await fail(options, batch.id, error.message);
  } finally {
    rows?.close();
  }
}

async function openRows({ prisma, promptUse, datasetUse }: BatchRunOptions, batch: ExecutionBatch): Promise<BatchRows> {
  const { promptVersionId, datasetVersionId, projectId } = batch;
  if (datasetVersionId === null) throw new NotFound('The version of the dataset was deleted.');
  const version = await prisma.promptVersion.findUnique({ where: { id: promptVersionId ?? '' }, select: { id: true, promptId: true } });
  if (!version) throw new NotFound('The version of the prompt was deleted.');
  const viewer = memberOf(projectId);
  const resolved = await promptUse.resolve(viewer, { promptId: version.promptId, versionId: version.id });
  const { settings: source } = await datasetUse.rowSource(viewer, datasetVersionId);
  return new BatchRows({ prisma, promptUse, batch, resolved, source });
}

async function askAll(options: BatchRunOptions, batch: ExecutionBatch, rows: BatchRows, signal: AbortSignal): Promise<void> {
  const { prisma } = options;
  const going = new Map<string, Promise<void>>();
  const problems: unknown[] = [];
  /** Whether to leave it; throws what a row could not be asked for. */
  const isOver = () => {
    if (problems.length > 0) throw problems[0];
    return signal.aborted;
  };
  let isWhole = false;
  while (!isOver()) {
    const waiting = await prisma.execution.findMany({
      where: { batchId: batch.id, state: 'QUEUED', id: { notIn: [...going.keys()] } },
      orderBy: { batchRow: 'asc' },
      take: batch.concurrency,
      select: { id: true },
    });
    for (const { id } of waiting) {
      while (going.size >= batch.concurrency && !isOver()) await orAborted(Promise.race(going.values()), signal);
      if (isOver()) return;
      const done = ask(options, batch, id, signal)
        .catch((error: unknown) => void problems.push(error))
        .finally(() => void going.delete(id));
      going.set(id, done);
    }
    if (waiting.length > 0) continue;
    if (!isWhole) {
      isWhole = !(await rows.prepare());
      continue;
    }
    await orAborted(
      Promise.all(going.values()).then(() => undefined),
      signal,
    );
    if (isOver() || (await finish(options, batch.id))) return;
    // Rows that another server works on, or has left behind.
    await pause(breath, signal);
  }
}

/** Asks one row, unless somebody has cancelled it. */
async function ask(
  { prisma, runner, atWork }: BatchRunOptions,
  { projectId }: ExecutionBatch,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const release = await place(atWork, projectId, signal);
  if (!release) return;
  try {
    const execution = await claim(prisma, id);
    if (execution) await runner.run(execution).done;
  } finally {
    release();
  }
}

/** Batches wait for room that others are refused for want of. */
async function place(atWork: ExecutionsAtWork, projectId: string, signal: AbortSignal): Promise<(() => void) | undefined> {
  while (!signal.aborted) {
    try {
      return atWork.takePlace(projectId, true);
    } catch (error) {
      if (!(error instanceof LimitExceeded)) throw error;
      await pause(breath, signal);
    }
  }
  return undefined;
}

async function claim(prisma: PrismaClient, id: string): Promise<Execution | null> {
  const { count } = await prisma.execution.updateMany({
    where: { id, state: 'QUEUED' },
    data: { state: 'RUNNING', startedAt: new Date(), aliveUntil: leaseEnd() },
  });
  return count === 0 ? null : prisma.execution.findUnique({ where: { id } });
}

/** @returns whether the batch has ended */
async function finish({ prisma, bus }: BatchRunOptions, id: string): Promise<boolean> {
  const where = { batchId: id, state: { in: ['QUEUED' as const, 'RUNNING' as const] } };
  if (await prisma.execution.findFirst({ where, select: { id: true } })) return false;
  const ended = { state: 'COMPLETED' as const, finishedAt: new Date() };
  await prisma.executionBatch.updateMany({ where: { id, state: 'RUNNING' }, data: ended });
  bus.topic('executionBatch').publish(id);
  return true;
}

async function fail({ prisma, bus }: BatchRunOptions, id: string, errorMessage: string): Promise<void> {
  const stopped = await prisma.$transaction(async (transaction) => {
    const ended = { state: 'FAILED' as const, finishedAt: new Date(), errorMessage };
    const { count } = await transaction.executionBatch.updateMany({ where: { id, state: 'RUNNING' }, data: ended });
    return count > 0 ? cancelOpen(transaction, id) : [];
  });
  tellStopped(bus, id, stopped);
}

/** Whoever began it could; the batch goes on when they have left. */
const memberOf = (projectId: string): Viewer => ({
  userId: '',
  name: 'Batch',
  isAdministrator: false,
  credential: { kind: 'local' },
  scopes: new Set(scopes),
  roles: new Map([[projectId, 'EDITOR']]),
  address: '',
});
