import type { JournalLine } from '@anneal/engine';
import type { Prisma, PrismaClient, Run } from '@anneal/prisma';
import { NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { storePoints, type NewPoint } from '../metrics/store.ts';
import { parseSummary } from '../metrics/summary.ts';
import { lockRun } from './lock-run.ts';
import { averageStepTime } from './progress.ts';
import { canMove, isEnded } from './states.ts';

export interface Ingested {
  /** Whether anything was new. */
  isChanged: boolean;
  state: Run['state'];
  /** Numbers of lines that are missing: [first, last]. */
  holes: [number, number][];
}

/** Everything that some lines change, collected before it is written. */
interface Draft {
  run: Run;
  points: NewPoint[];
  events: Omit<Prisma.RunEventCreateManyInput, 'runId' | 'sequence'>[];
  checkpoints: Prisma.CheckpointCreateManyInput[];
  artifacts: Prisma.ArtifactCreateManyInput[];
  /** Checkpoints and artifacts that are stored already. */
  known: Set<string>;
}

/**
 * Stores lines of a journal, what they change in the run, and how far the journal is stored now, in one transaction: each line
 * counts once, whatever dies when. Lines that are stored already are passed over.
 * @param offset bytes of the journal up to the end of these lines.
 */
export async function ingest(prisma: PrismaClient, runId: string, lines: readonly JournalLine[], offset: number): Promise<Ingested> {
  return prisma.$transaction(async (transaction) => {
    // Locked: what somebody else changes meanwhile, such as its state, must not be written over.
    const run = await lockRun(transaction, runId);
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    const draft: Draft = {
      run: { ...run },
      points: [],
      events: [],
      checkpoints: [],
      artifacts: [],
      known: await knownNames(transaction, runId, lines),
    };
    const holes: [number, number][] = [];
    for (const line of lines) {
      const expected = draft.run.journalSequence + 1;
      if (line.seq < expected) continue;
      if (line.seq > expected) holes.push([expected, line.seq - 1]);
      apply(draft, line);
      draft.run.journalSequence = line.seq;
    }
    const isChanged = draft.run.journalSequence > run.journalSequence;
    if (isChanged || BigInt(offset) !== run.journalOffset) await write(transaction, run, draft, offset);
    return { isChanged, state: draft.run.state, holes };
  });
}

const checkpointName = ({ step }: { step: number }) => `checkpoint ${step}`;
const artifactName = ({ step, path }: { step: number; path: string }) => `artifact ${step} ${path}`;

/** An artifact is known by the step whose weights it has. */
const stepOf = (line: JournalLine): number => (line.type === 'artifact' ? (line.weightsStep ?? line.step) : line.step);

/** What of the checkpoints and artifacts in these lines is there already: telling one twice must not hold up what follows. */
async function knownNames(transaction: Prisma.TransactionClient, runId: string, lines: readonly JournalLine[]): Promise<Set<string>> {
  const steps = lines.flatMap((line) => (line.type === 'checkpoint' || line.type === 'artifact' ? [stepOf(line)] : []));
  if (steps.length === 0) return new Set();
  const query = { where: { runId, step: { in: steps } }, select: { step: true, path: true } };
  const [checkpoints, artifacts] = [await transaction.checkpoint.findMany(query), await transaction.artifact.findMany(query)];
  return new Set([...checkpoints.map(checkpointName), ...artifacts.map(artifactName)]);
}

async function write(transaction: Prisma.TransactionClient, before: Run, draft: Draft, offset: number): Promise<void> {
  const { id: runId } = before;
  const { id: _, config: _config, errorIssues, ...run } = draft.run;
  const summary = await storePoints(transaction, runId, parseSummary(before.summary), draft.points);
  await transaction.checkpoint.createMany({ data: draft.checkpoints });
  await transaction.artifact.createMany({ data: draft.artifacts });
  const events = draft.events.map((event, index) => ({ ...event, runId, sequence: before.eventSequence + index + 1 }));
  await transaction.runEvent.createMany({ data: events });
  const changes = {
    ...run,
    ...(errorIssues !== null && { errorIssues }),
    summary,
    journalOffset: BigInt(offset),
    eventSequence: before.eventSequence + events.length,
  };
  await transaction.run.update({ where: { id: runId }, data: changes });
}

/** What one line changes. */
function apply(draft: Draft, line: JournalLine): void {
  const { run } = draft;
  const time = new Date(line.time);
  switch (line.type) {
    case 'started': {
      const { totalSteps, device, threads, parameters, trainableParameters, trainExamples, validationExamples } = line;
      Object.assign(run, { totalSteps, device, threads, parameters, trainableParameters, trainExamples, validationExamples });
      // The time between the attempts is no step's.
      run.lastStepAt = null;
      run.startedAt ??= time;
      move(draft, 'RUNNING', line.step, time);
      return;
    }
    case 'metrics': {
      if (line.step > run.step) {
        if (run.lastStepAt)
          run.secondsPerStep = averageStepTime(
            run.secondsPerStep,
            Math.max(0, (line.time - run.lastStepAt.getTime()) / 1000 / (line.step - run.step)),
          );
        run.lastStepAt = time;
        run.step = line.step;
      }
      const { step, epoch, tokens, seq: sequence } = line;
      for (const [key, value] of Object.entries(line.values))
        draft.points.push({ key, rank: 0, step, value, epoch, tokens, time, sequence });
      return;
    }
    case 'log':
      draft.events.push({ type: 'LOG', time, step: line.step, level: logLevels[line.level], message: line.message });
      return;
    case 'checkpoint': {
      if (!isNew(draft, checkpointName(line))) return;
      const id = newId();
      draft.checkpoints.push({ id, runId: run.id, step: line.step, loss: line.loss, bytes: line.bytes, path: line.path, createdAt: time });
      draft.events.push({ type: 'CHECKPOINT', time, step: line.step, checkpointId: id });
      return;
    }
    case 'artifact': {
      const step = stepOf(line);
      if (!isNew(draft, artifactName({ step, path: line.path }))) return;
      const id = newId();
      draft.artifacts.push({ id, runId: run.id, kind: line.kind, step, bytes: line.bytes, path: line.path, createdAt: time });
      draft.events.push({ type: 'ARTIFACT', time, step: line.step, artifactId: id });
      return;
    }
    case 'rollback':
      // What happened is told by the log; the steps that were lost are made up for.
      run.totalSteps = line.totalSteps;
      return;
    case 'paused':
      move(draft, 'PAUSED', line.step, time);
      return;
    case 'completed':
      // It may have stopped early.
      if (move(draft, 'COMPLETED', line.step, time)) run.totalSteps = line.step;
      return;
    case 'cancelled':
      move(draft, 'CANCELLED', line.step, time);
      return;
    case 'failed':
      if (move(draft, 'FAILED', line.step, time)) {
        run.errorCode = line.code;
        run.errorMessage = line.message;
        run.errorIssues = line.issues.map(({ path, message }) => ({ path, message }));
      }
      return;
  }
}

function isNew({ known }: Draft, name: string): boolean {
  const isNew = !known.has(name);
  known.add(name);
  return isNew;
}

const logLevels = { info: 'INFO', warn: 'WARN', error: 'ERROR' } as const;

/** A move that is not allowed is left out: the run was ended otherwise, or is there already. */
function move(draft: Draft, state: Run['state'], step: number, time: Date): boolean {
  const { run } = draft;
  if (run.state === state || !canMove(run.state, state)) return false;
  run.state = state;
  if (isEnded(state)) Object.assign(run, { finishedAt: time, secondsPerStep: null });
  draft.events.push({ type: 'STATE', time, step, state });
  return true;
}
