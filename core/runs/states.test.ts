import fs from 'node:fs';
import fc from 'fast-check';
import type { JournalEvent } from '@anneal/engine';
import type { PrismaClient, RunState } from '@anneal/prisma';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databaseWithRun } from '../testing/database.ts';
import { temporaryFolder } from '../testing/studio.ts';
import { ingest } from './ingest.ts';
import { canMove, changeState, isEnded } from './states.ts';

let folder: string;
let prisma: PrismaClient;
beforeAll(async () => {
  folder = temporaryFolder();
  prisma = await databaseWithRun(folder, 'first');
});
afterAll(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

const states: RunState[] = ['QUEUED', 'STARTING', 'RUNNING', 'PAUSING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'CANCELLED', 'FAILED'];
const started = {
  type: 'started',
  step: 0,
  totalSteps: 9,
  device: 'cpu',
  threads: 1,
  parameters: 1,
  trainableParameters: 1,
  trainExamples: 1,
  validationExamples: 1,
} as const;
const events: JournalEvent[] = [
  started,
  { type: 'metrics', step: 1, epoch: 0, tokens: 1, values: { loss: 1 } },
  { type: 'completed', step: 1, seconds: 1 },
  { type: 'paused', step: 1 },
  { type: 'cancelled', step: 1 },
  { type: 'failed', step: 1, code: 'INTERNAL', message: 'x', issues: [] },
];

describe('the states of a run', () => {
  it('are changed by legal moves only, whatever happens in whatever order', async () => {
    let number = 0;
    const happening = fc.oneof(
      fc.constantFrom(...states).map((state) => ({ state })),
      fc.constantFrom(...events).map((event) => ({ event })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 12 }), async (happenings) => {
        const id = `run${number++}`;
        await prisma.run.create({ data: { id, name: id, projectId: 'default', experimentId: 'experiment', config: {}, summary: {} } });
        let seq = 0;
        for (const happening of happenings) {
          if ('state' in happening) await prisma.$transaction((transaction) => changeState(transaction, id, happening.state));
          else await ingest(prisma, id, [{ ...happening.event, seq: ++seq, time: Date.now() }], seq * 10);
        }
        const changes = await prisma.runEvent.findMany({ where: { runId: id, type: 'STATE' }, orderBy: { sequence: 'asc' } });
        let state: RunState = 'QUEUED';
        for (const change of changes) {
          expect(canMove(state, change.state!)).toBe(true);
          state = change.state!;
        }
        const run = await prisma.run.findUniqueOrThrow({ where: { id } });
        expect(run.state).toBe(state);
        expect(run.eventSequence).toBe(changes.length);
        expect(run.finishedAt !== null).toBe(isEnded(state));
      }),
      { numRuns: 60 },
    );
  });

  it('end three ways, and only there', () => {
    expect(states.filter(isEnded)).toEqual(['COMPLETED', 'CANCELLED', 'FAILED']);
    for (const ended of states.filter(isEnded)) for (const state of states) expect(canMove(ended, state)).toBe(false);
  });
});
