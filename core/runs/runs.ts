import { requestCancel } from '@anneal/engine';
import type { Experiment, PrismaClient, Run } from '@anneal/prisma';
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
   * Ends a run: a queued one at once, one that trains between two steps; what it has learned so far is kept.
   * Asked again while the run is ending, it changes nothing.
   * @throws NotFound, Conflict when the run has ended
   */
  async cancel(runId: string): Promise<Run> {
    const { prisma, bus, supervisor, folderOf } = this.#options;
    const { before, after } = await prisma.$transaction(async (transaction) => {
      const before = await transaction.run.findUnique({ where: { id: runId } });
      const after = before && (await changeState(transaction, runId, before.state === 'QUEUED' ? 'CANCELLED' : 'CANCELLING'));
      return { before, after };
    });
    if (!before) throw new NotFound(`There is no run ${runId}.`);
    if (isEnded(before.state))
      throw new Conflict(`The run "${before.name}" has ended already (${before.state}); there is nothing to cancel.`);
    if (!after) return before;
    if (after.state === 'CANCELLING') requestCancel(folderOf(runId));
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
