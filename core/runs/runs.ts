import { requestCancel, requestPause } from '@anneal/engine';
import type { Experiment, PrismaClient, Run, RunState } from '@anneal/prisma';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import type { ExperimentService } from '../experiments/experiments.ts';
import { newId } from '../ids.ts';
import type { Bus } from '../streams/bus.ts';
import { changeState, isEnded } from './states.ts';
import type { Supervisor } from './supervisor.ts';
import { validateConfig } from './validate.ts';

export interface StartRunInput {
  /** 1–200 characters. Default: "Run 12". */
  name?: string;
  /** Default: the experiment named "Default". */
  experimentId?: string;
  /** Any part of a training configuration; what is left out takes its default. */
  config?: unknown;
}

export interface RunServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  experiments: ExperimentService;
  supervisor: Supervisor;
  dataFolder: string;
  folderOf: (runId: string) => string;
}

export class RunService {
  readonly #options: RunServiceOptions;

  constructor(options: RunServiceOptions) {
    this.#options = options;
  }

  /**
   * Puts a run into the queue.
   * @throws Invalid with an issue for each field that is wrong (`name`, `config.optimizer.learningRate`), NotFound for the experiment
   */
  async start(input: StartRunInput): Promise<Run> {
    const { prisma, bus, supervisor, dataFolder } = this.#options;
    const name = input.name === undefined ? `Run ${(await prisma.run.count()) + 1}` : validName(input.name);
    const experiment = await this.#experiment(input.experimentId);
    const config = await validateConfig(input.config ?? {}, dataFolder);
    const time = new Date();
    const run = await prisma.run.create({
      data: {
        id: newId(),
        name,
        experimentId: experiment.id,
        config,
        summary: {},
        createdAt: time,
        eventSequence: 1,
        events: { create: { sequence: 1, type: 'STATE', time, step: 0, state: 'QUEUED' } },
      },
    });
    bus.publish(run.id);
    supervisor.wake();
    return run;
  }

  /**
   * Ends a run: a queued or paused one at once, one that trains between two steps; what it has learned so far is kept.
   * Asked again while the run is ending, it changes nothing.
   * @throws NotFound, Conflict when the run has ended
   */
  async cancel(runId: string): Promise<Run> {
    const run = await this.#change(runId, ({ name, state }) => {
      if (isEnded(state)) throw new Conflict(`The run "${name}" has ended already (${state}); there is nothing to cancel.`);
      return state === 'QUEUED' || state === 'PAUSED' ? 'CANCELLED' : 'CANCELLING';
    });
    if (run.state === 'CANCELLING') requestCancel(this.folderOf(runId));
    return run;
  }

  /**
   * Stops a run such that it can go on later: a queued one at once, one that trains between two steps, with a checkpoint. It makes
   * room for others meanwhile. Asked again, it changes nothing.
   * @throws NotFound, Conflict when the run has ended or is being cancelled
   */
  async pause(runId: string): Promise<Run> {
    const run = await this.#change(runId, ({ name, state }) => {
      if (isEnded(state)) throw new Conflict(`The run "${name}" has ended already (${state}); there is nothing to pause.`);
      if (state === 'CANCELLING') throw new Conflict(`The run "${name}" is being cancelled; it cannot be paused.`);
      return state === 'QUEUED' ? 'PAUSED' : 'PAUSING';
    });
    if (run.state === 'PAUSING') requestPause(this.folderOf(runId));
    return run;
  }

  /**
   * Puts a paused run back into the queue; it goes on exactly where it was. One that is not paused is left as it is.
   * @throws NotFound, Conflict when the run has ended, is being cancelled or not paused yet
   */
  async resume(runId: string): Promise<Run> {
    return this.#change(runId, ({ name, state }) => {
      if (isEnded(state)) throw new Conflict(`The run "${name}" has ended (${state}); it cannot go on. Start a new one.`);
      if (state === 'CANCELLING') throw new Conflict(`The run "${name}" is being cancelled; it cannot go on.`);
      if (state === 'PAUSING') throw new Conflict(`The run "${name}" is still being paused; resume it when its step is done.`);
      return 'QUEUED';
    });
  }

  /**
   * Brings a run into the state that is chosen for it, if it may come there.
   * @param choose looks at the run in the same transaction; what it throws goes to the caller.
   * @returns the run as it is then
   */
  async #change(runId: string, choose: (run: Run) => RunState): Promise<Run> {
    const { prisma, bus, supervisor } = this.#options;
    const { before, after } = await prisma.$transaction(async (transaction) => {
      const before = await transaction.run.findUnique({ where: { id: runId } });
      return { before, after: before && (await changeState(transaction, runId, choose(before))) };
    });
    if (!before) throw new NotFound(`There is no run ${runId}.`);
    if (!after) return before;
    bus.publish(runId);
    supervisor.wake();
    return after;
  }

  /** Where everything of a run lies. */
  folderOf(runId: string): string {
    return this.#options.folderOf(runId);
  }

  async #experiment(id: string | undefined): Promise<Experiment> {
    if (id === undefined) return this.#options.experiments.default();
    const found = await this.#options.prisma.experiment.findUnique({ where: { id } });
    if (!found) throw new NotFound(`There is no experiment ${id}.`);
    return found;
  }
}

function validName(given: string): string {
  const name = given.trim();
  const message = 'A name has 1 to 200 characters.';
  if (name.length < 1 || name.length > 200) throw new Invalid(message, [{ path: 'name', message }]);
  return name;
}
