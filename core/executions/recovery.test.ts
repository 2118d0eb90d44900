import fs from 'node:fs';
import { openDatabase, type PrismaClient } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LimitExceeded } from '../errors.ts';
import { defaultProjectId, ensureFirstUser } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import { Bus } from '../streams/bus.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { ExecutionsAtWork } from './at-work.ts';
import { putBack } from './put-back.ts';
import { ExecutionRecovery } from './recovery.ts';
import { settle } from './settle.ts';

let folder: string;
let prisma: PrismaClient;
const bus = new Bus();
const logger = createLogger('silent');
beforeEach(async () => {
  folder = temporaryFolder();
  prisma = await openDatabase(await testDatabase(folder));
  await ensureFirstUser(prisma);
});
afterEach(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

const [past, future] = [new Date(Date.now() - 1000), new Date(Date.now() + 60_000)];
const common = { projectId: defaultProjectId, state: 'RUNNING' as const, model: 'x/y', parameters: {}, output: 'half', outputLength: 4 };
const batch = (id: string, state: 'RUNNING' | 'CANCELLED') =>
  prisma.executionBatch.create({
    data: { id, projectId: defaultProjectId, state, model: 'x/y', columns: {}, parameters: {}, concurrency: 1, total: 1 },
  });

async function states(): Promise<Record<string, string>> {
  const rows = await prisma.execution.findMany();
  return Object.fromEntries(rows.map(({ id, state, errorCode }) => [id, errorCode === null ? state : `${state} ${errorCode}`]));
}

describe('executions of servers that are gone', () => {
  beforeEach(async () => {
    await batch('goes-on', 'RUNNING');
    await batch('over', 'CANCELLED');
    await prisma.execution.createMany({
      data: [
        { ...common, id: 'dead', aliveUntil: past },
        { ...common, id: 'alive', aliveUntil: future },
        { ...common, id: 'row', aliveUntil: past, batchId: 'goes-on', batchRow: 1 },
        { ...common, id: 'late', aliveUntil: past, batchId: 'over', batchRow: 1 },
        { ...common, id: 'done', aliveUntil: null, state: 'SUCCEEDED' as const },
      ],
    });
  });

  it('fail with what came of them kept; those of batches wait for their turn again', async () => {
    const recovery = new ExecutionRecovery({ prisma, bus, logger, isAlone: false });
    await recovery.recover(new Date());
    const failed = 'FAILED SERVER_STOPPED';
    expect(await states()).toEqual({ dead: failed, alive: 'RUNNING', row: 'QUEUED', late: failed, done: 'SUCCEEDED' });
    expect(await prisma.execution.findUnique({ where: { id: 'dead' } })).toMatchObject({ output: 'half', finishedAt: expect.any(Date) });
    expect(await prisma.execution.findUnique({ where: { id: 'row' } })).toMatchObject({ output: null, outputLength: 0 });
    expect(await prisma.executionBatch.findUnique({ where: { id: 'over' } })).toMatchObject({ failed: 1 });
  });

  it('are found at once by a server that is alone', async () => {
    const recovery = new ExecutionRecovery({ prisma, bus, logger, isAlone: true });
    await recovery.start();
    await recovery.stop();
    expect(await states()).toMatchObject({ alive: 'FAILED SERVER_STOPPED', done: 'SUCCEEDED' });
  });
});

it('rows of batches leave half of the places of a project to what somebody waits for', async () => {
  const atWork = new ExecutionsAtWork({ prisma, bus, logger, mostInProject: 4 });
  const release = atWork.takePlace('a', true);
  atWork.takePlace('a', true);
  expect(() => atWork.takePlace('a', true)).toThrow(/2 rows of batches of this project are being asked/);
  atWork.takePlace('a');
  release();
  atWork.takePlace('a', true);
  expect(() => atWork.takePlace('b')).not.toThrow();
  await atWork.close(new Error());
});

it('one that was put back and begun by another server is not ended, nor put back, by the first', async () => {
  await batch('goes-on', 'RUNNING');
  const row = { ...common, id: 'row', batchId: 'goes-on', batchRow: 1 };
  const first = await prisma.execution.create({ data: { ...row, startedAt: past } });
  expect(await putBack(prisma, first)).toBe(true);
  await prisma.execution.update({ where: { id: 'row' }, data: { state: 'RUNNING', startedAt: new Date() } });
  expect(await settle(prisma, first, { state: 'SUCCEEDED', output: 'of the first' })).toBe(false);
  expect(await putBack(prisma, first)).toBe(false);
  expect(await prisma.execution.findUnique({ where: { id: 'row' } })).toMatchObject({ state: 'RUNNING', output: null });
  expect(await prisma.executionBatch.findUnique({ where: { id: 'goes-on' } })).toMatchObject({ succeeded: 0 });
});

it('no more are begun at a time than there may be, in a project and on a server', async () => {
  const atWork = new ExecutionsAtWork({ prisma, bus, logger, mostInProject: 2, mostOnServer: 3 });
  const release = atWork.takePlace('a');
  atWork.takePlace('a');
  expect(() => atWork.takePlace('a')).toThrow(LimitExceeded);
  atWork.takePlace('b');
  expect(() => atWork.takePlace('c')).toThrow(/3 executions are under way on this server/);
  release();
  const releaseRow = atWork.takePlace('a', true);
  releaseRow();
  atWork.takePlace('a');
  expect(() => atWork.takePlace('a')).toThrow(/2 executions of this project are under way; there may be 2/);
  await atWork.close(new Error());
});
