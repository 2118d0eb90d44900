import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { type JournalEvent, runFolderAt } from '@anneal/engine';
import type { PrismaClient, Run, RunState } from '@anneal/prisma';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ExperimentService } from '../experiments/experiments.ts';
import { createLogger } from '../logger.ts';
import { Bus } from '../streams/bus.ts';
import { databaseWithRun } from '../testing/database.ts';
import { owner, temporaryFolder } from '../testing/studio.ts';
import { JournalReader } from './journal-reader.ts';
import { RunRemoval } from './removal.ts';
import { RunService } from './runs.ts';
import { givenPlaces } from './slots.ts';
import { activeStates, canMove, isEnded } from './states.ts';
import { Supervisor } from './supervisor.ts';

let folder: string;
let prisma: PrismaClient;
beforeAll(async () => {
  folder = temporaryFolder();
  prisma = await databaseWithRun(folder, 'first');
  await prisma.run.delete({ where: { id: 'first' } });
});
afterAll(async () => {
  await prisma.$disconnect();
  fs.rmSync(folder, { recursive: true });
});

const logger = createLogger('silent');
const folderOf = (runId: string) => path.join(folder, 'runs', runId);
/** Fewer than runs: they wait for each other. */
const places = Promise.resolve(givenPlaces({ cpu: 1 }));

/** Workers that the test plays: they write into real journals what it tells them, obedient or not. */
class Workers {
  readonly alive = new Set<string>();
  readonly mistakes: string[] = [];

  readonly launcher = {
    start: async (runFolder: string) => {
      if (this.alive.has(runFolder)) this.mistakes.push(`two workers in ${runFolder}`);
      this.alive.add(runFolder);
    },
    isAlive: async (runFolder: string) => this.alive.has(runFolder),
  };

  write(runFolder: string, event: JournalEvent): void {
    const { journal } = runFolderAt(runFolder);
    const lines = fs.existsSync(journal) ? fs.readFileSync(journal, 'utf8').split('\n').length - 1 : 0;
    fs.appendFileSync(journal, `${JSON.stringify({ seq: lines + 1, time: Date.now(), ...event })}\n`);
  }
}

/** A studio without its server, whose rounds come when the test wants them. */
class House {
  readonly workers = new Workers();
  readonly bus = new Bus();
  readonly removal = new RunRemoval({ prisma, logger, dataFolder: folder, folderOf });
  retries = 0;
  reader = this.#openReader();
  readonly runs = new RunService({
    prisma,
    bus: this.bus,
    experiments: new ExperimentService(prisma, this.removal),
    supervisor: { wake: () => undefined },
    sources: {
      trainingFile: async () => ({ projectId: '', data: {} }),
      holdDataset: async () => undefined,
      trainingFolder: async () => ({ projectId: '', path: '' }),
    },
    removal: this.removal,
    places,
    dataFolder: folder,
    folderOf,
  });

  #openReader(): JournalReader {
    return new JournalReader({ prisma, bus: this.bus, logger, folderOf, onEnd: () => undefined });
  }

  /** Whatever there is to do is done: one that died is started again at once. */
  async settle(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      const { launcher } = this.workers;
      const options = { prisma, bus: this.bus, logger, launcher, reader: this.reader, folderOf, places, firstPause: 0 };
      const supervisor = new Supervisor({ ...options, arrivalLimit: 0 });
      await supervisor.start();
      await supervisor.close();
    }
  }

  /** The studio dies, and another one begins; workers live on. */
  async restart(): Promise<void> {
    await this.reader.close();
    this.reader = this.#openReader();
  }
}

/** All that must hold whenever nothing is under way. */
async function check({ workers, retries }: House, ids: readonly string[]): Promise<void> {
  expect(workers.mistakes).toEqual([]);
  const runs = await prisma.run.findMany({ where: { id: { in: [...ids] } } });
  const slots = runs.flatMap(({ slot }) => slot ?? []);
  expect(new Set(slots).size).toBe(slots.length);
  let goneOn = 0;
  for (const run of runs) goneOn += await checkRun(run, workers.alive.has(folderOf(run.id)));
  expect(goneOn).toBe(retries);
}

/** @returns how often it left a state that only a retry brings it out of. */
async function checkRun(run: Run, hasWorker: boolean): Promise<number> {
  const events = await prisma.runEvent.findMany({ where: { runId: run.id }, orderBy: { sequence: 'asc' } });
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(run.eventSequence).toBe(events.length);
  const states = events.flatMap(({ state }) => state ?? []);
  expect(states[0]).toBe('QUEUED');
  let goneOn = 0;
  let before: RunState = 'QUEUED';
  for (const state of states.slice(1)) {
    expect(canMove(before, state, true), `${before} to ${state}`).toBe(true);
    if (!canMove(before, state)) goneOn++;
    before = state;
  }
  expect(run.state).toBe(before);
  expect(run.finishedAt !== null).toBe(isEnded(run.state));
  // Who is active has a worker, and what it is asked for stands in its folder; nobody else has one without a place.
  const isActive = activeStates.includes(run.state);
  const asked = requestIn(folderOf(run.id));
  if (isActive) expect(hasWorker).toBe(true);
  if (hasWorker) expect(run.slot).not.toBeNull();
  if (run.state === 'STARTING' || run.state === 'RUNNING') expect(asked).toBeNull();
  if (run.state === 'PAUSING') expect(asked).toBe('pause');
  if (run.state === 'CANCELLING') expect(asked).toBe('cancel');
  return goneOn;
}

const controlSchema = z.object({ command: z.string() });

function requestIn(runFolder: string): string | null {
  const { control } = runFolderAt(runFolder);
  return fs.existsSync(control) ? controlSchema.parse(JSON.parse(fs.readFileSync(control, 'utf8'))).command : null;
}

/** How things stood after the last step: what cannot be done then is passed over. */
interface Model {
  ids: string[];
  runs: { state: RunState; isAlive: boolean; asked: string | null }[];
}

async function look({ ids }: Model, { workers }: House): Promise<Model['runs']> {
  const found = new Map((await prisma.run.findMany()).map(({ id, state }) => [id, state]));
  return ids.map((id) => ({ state: found.get(id)!, isAlive: workers.alive.has(folderOf(id)), asked: requestIn(folderOf(id)) }));
}

interface StepOptions {
  name: string;
  /** Which run. */
  index: number;
  isPossible: (run: Model['runs'][number]) => boolean;
  act: (house: House, id: string) => Promise<void>;
}

class Step implements fc.AsyncCommand<Model, House> {
  readonly #options: StepOptions;

  constructor(options: StepOptions) {
    this.#options = options;
  }

  readonly check = ({ runs }: Readonly<Model>) => this.#options.isPossible(runs[this.#options.index]!);

  async run(model: Model, house: House): Promise<void> {
    await this.#options.act(house, model.ids[this.#options.index]!);
    await house.settle();
    await check(house, model.ids);
    model.runs = await look(model, house);
  }

  readonly toString = () => `${this.#options.name}(${this.#options.index})`;
}

/** Somebody asks for something that can be done now, or not any more. */
const ask = (what: 'pause' | 'resume' | 'cancel' | 'retry', isPossible: (state: RunState) => boolean) => (index: number) =>
  new Step({
    name: what,
    index,
    isPossible: ({ state }) => isPossible(state),
    act: async (house, id) => {
      await house.runs[what](owner, id);
      if (what === 'retry') house.retries++;
    },
  });

/** A worker tells something, whether it was asked to or not; after a last word it leaves sooner or later. */
const tell = (index: number, event: JournalEvent, leaves: boolean) =>
  new Step({
    name: `tell ${event.type}${leaves ? ' and leave' : ''}`,
    index,
    isPossible: ({ isAlive }) => isAlive,
    act: async ({ workers, reader }, id) => {
      workers.write(folderOf(id), event);
      if (leaves) workers.alive.delete(folderOf(id));
      await reader.drain(id);
    },
  });

/** A worker does what it was asked for, as a real one does: with a checkpoint, and then it leaves. */
const obey = (index: number) =>
  new Step({
    name: 'obey',
    index,
    isPossible: ({ isAlive, asked }) => isAlive && asked !== null,
    act: async ({ workers, reader }, id) => {
      const type = requestIn(folderOf(id)) === 'pause' ? 'paused' : 'cancelled';
      workers.write(folderOf(id), checkpoint);
      workers.write(folderOf(id), { type, step: 2 });
      workers.alive.delete(folderOf(id));
      await reader.drain(id);
    },
  });

const kill = (index: number) =>
  new Step({
    name: 'kill',
    index,
    isPossible: ({ isAlive }) => isAlive,
    act: async ({ workers }, id) => void workers.alive.delete(folderOf(id)),
  });

const restart = () => new Step({ name: 'restart', index: 0, isPossible: () => true, act: (house) => house.restart() });

const started: JournalEvent = {
  ...{ type: 'started', step: 0, totalSteps: 9, device: 'cpu', threads: 1, parameters: 1, trainableParameters: 1, trainExamples: 1 },
  validationExamples: 1,
};
const checkpoint: JournalEvent = { type: 'checkpoint', step: 2, path: 'checkpoints/step-00000002', bytes: 1, loss: 1 };
const happenings: JournalEvent[] = [
  started,
  started,
  { type: 'metrics', step: 1, epoch: 0, tokens: 1, values: { loss: 1 } },
  { type: 'metrics', step: 2, epoch: 0, tokens: 1, values: { loss: 1 } },
  checkpoint,
];
const lastWords: JournalEvent[] = [
  { type: 'completed', step: 2, seconds: 1 },
  { type: 'paused', step: 2 },
  { type: 'cancelled', step: 2 },
  { type: 'failed', step: 2, code: 'INTERNAL', message: 'x', issues: [] },
];

describe('the life of runs', () => {
  it('goes by legal moves, and database, events, places and control files agree, whatever is asked for, told, killed and restarted', async () => {
    const run = fc.nat(1);
    const telling = fc.tuple(run, fc.constantFrom(...happenings)).map(([index, event]) => tell(index, event, false));
    const commands = fc.commands(
      [
        run.map(ask('pause', (state) => !isEnded(state) && state !== 'CANCELLING')),
        run.map(ask('resume', (state) => state === 'PAUSED')),
        run.map(ask('resume', (state) => state === 'PAUSED')),
        run.map(ask('cancel', (state) => !isEnded(state))),
        run.map(ask('retry', (state) => state === 'FAILED' || state === 'CANCELLED')),
        run.map(ask('retry', (state) => state === 'FAILED' || state === 'CANCELLED')),
        telling,
        telling,
        fc.tuple(run, fc.constantFrom(...lastWords), fc.boolean()).map(([index, event, leaves]) => tell(index, event, leaves)),
        run.map(obey),
        run.map(obey),
        run.map(kill),
        fc.constant(restart()),
      ],
      { maxCommands: 60, size: 'max' },
    );
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const house = new House();
        const ids: string[] = [];
        for (let index = 0; index < 2; index++) ids.push((await house.runs.start(owner, { config: {} })).id);
        await house.settle();
        const model: Model = { ids, runs: [] };
        model.runs = await look(model, house);
        await fc.asyncModelRun(() => ({ model, real: house }), sequence);
        await house.reader.close();
        await prisma.run.deleteMany();
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
});
