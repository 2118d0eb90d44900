import { type Device, requestCancel, requestPause } from '@anneal/engine';
import type { Experiment, Prisma, PrismaClient, Run } from '@anneal/prisma';
import { firstProject, requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import type { ExperimentService } from '../experiments/experiments.ts';
import { newId } from '../ids.ts';
import type { Bus } from '../streams/bus.ts';
import { lockRun } from './lock-run.ts';
import { mergeConfig, withoutFields } from './merge-config.ts';
import { type QueuePlace, queuePlaces } from './queue.ts';
import type { RunRemoval } from './removal.ts';
import { whyNotAgain } from './retry.ts';
import { checkedFields, type RunFields, searchText } from './run-input.ts';
import { fieldAt } from './server-paths.ts';
import { describeSlots, type Places, placesFor } from './slots.ts';
import { fieldsOfDataset, type Sourced, type TrainingSources, withSources } from './sources.ts';
import { type Change, changeState, isEnded } from './states.ts';
import type { RunKeeping } from './run-keeping.ts';
import { validateConfig } from './validate.ts';

export interface StartRunInput extends RunFields {
  /** Default: the project of the experiment; without one, the first that the viewer may see. */
  projectId?: string;
  /** Default: the experiment named "Default" of the project. */
  experimentId?: string;
  /** Rows to train on; its file takes the place of `config.data.path`. */
  datasetVersionId?: string;
  /** Model to start from; its folder takes the place of `config.model.base`. */
  baseModelId?: string;
  /** Any part of a training configuration; what is left out takes its default. */
  config?: unknown;
}

export interface CloneRunInput extends RunFields {
  /** Default: that of the run. */
  experimentId?: string;
  datasetVersionId?: string;
  baseModelId?: string;
  /** What is to be otherwise: any part of a training configuration. */
  config?: unknown;
}

export interface UpdateRunInput extends RunFields {
  /** Another experiment of the same project. */
  experimentId?: string;
}

export interface RunServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  experiments: ExperimentService;
  supervisor: Pick<RunKeeping, 'wake'>;
  sources: TrainingSources;
  removal: RunRemoval;
  /** Where runs can train. */
  places: Promise<Places>;
  dataFolder: string;
  folderOf: (runId: string) => string;
}

/** What is needed to change a run. */
const trainer = { role: 'EDITOR', scope: 'train' } as const;

export class RunService {
  readonly #options: RunServiceOptions;

  constructor(options: RunServiceOptions) {
    this.#options = options;
  }

  /**
   * Puts a run into the queue.
   * @throws Invalid with an issue for each field that is wrong (`name`, `config.optimizer.learningRate`), NotFound for the project, the
   * experiment, the dataset or the model, Conflict for a dataset or model that is not ready, Forbidden for viewers
   */
  async start(viewer: Viewer, input: StartRunInput): Promise<Run> {
    const experiment = await this.#experiment(viewer, input);
    const sourced = await withSources(viewer, this.#options.sources, experiment.projectId, input);
    return this.#queue(viewer, 'startRun', experiment, { ...input, ...sourced });
  }

  /**
   * Queues a run with the configuration of another one, and changes to it.
   * @throws as `start`, and NotFound for the run
   */
  async clone(viewer: Viewer, runId: string, input: CloneRunInput): Promise<Run> {
    const { prisma, sources } = this.#options;
    const parent = await prisma.run.findUnique({ where: { id: runId }, include: { tags: true } });
    if (!parent) throw new NotFound(`There is no run ${runId}.`);
    const { projectId } = parent;
    requireRole(viewer, { projectId, what: `run ${runId}`, ...trainer });
    if (parent.source !== 'ENGINE')
      throw new Conflict(`The run "${parent.name}" was trained elsewhere; there is nothing to train it with here.`);
    const experiment = await this.#experiment(viewer, { experimentId: input.experimentId ?? parent.experimentId });
    if (experiment.projectId !== projectId) throw elsewhere();
    // What the changes name goes before what the run had.
    const datasetVersionId = input.datasetVersionId ?? (fieldAt(input.config, 'data.path') === undefined ? parent.datasetVersionId : null);
    const baseModelId = input.baseModelId ?? (fieldAt(input.config, 'model.base') === undefined ? parent.baseModelId : null);
    const base = withoutFields(parent.config, [...(datasetVersionId ? fieldsOfDataset : []), ...(baseModelId ? ['model.base'] : [])]);
    const changed = mergeConfig(base, input.config);
    const sourced = await withSources(viewer, sources, projectId, { config: changed, datasetVersionId, baseModelId }, parent.config);
    const tags = input.tags ?? parent.tags.map(({ name }) => name);
    const { name = `Copy of ${parent.name}`.slice(0, 200), priority = parent.priority, maxCrashes = parent.maxCrashes } = input;
    const fields = { name, tags, priority, maxCrashes, notes: input.notes, parentId: runId };
    return this.#queue(viewer, 'cloneRun', experiment, { ...fields, ...sourced });
  }

  /**
   * Changes what is said about a run; its priority while it is queued or paused.
   * @throws Invalid with an issue for each field, NotFound, Forbidden for viewers, Conflict when it is too late for a change
   */
  async update(viewer: Viewer, runId: string, input: UpdateRunInput): Promise<Run> {
    const { prisma, bus, supervisor } = this.#options;
    const { tags, ...fields } = checkedFields(input);
    const { experimentId } = input;
    const updated = await prisma.$transaction(async (transaction) => {
      const run = await this.#lock(transaction, viewer, runId);
      const { name = run.name, notes = run.notes, priority = run.priority } = fields;
      if (priority !== run.priority && run.state !== 'QUEUED' && run.state !== 'PAUSED')
        throw new Conflict(`The run "${run.name}" is not in the queue (${run.state}); its priority cannot be changed any more.`);
      if (experimentId !== undefined) {
        const experiment = await transaction.experiment.findUnique({ where: { id: experimentId } });
        if (!experiment || !viewer.roles.has(experiment.projectId)) throw new NotFound(`There is no experiment ${experimentId}.`);
        if (experiment.projectId !== run.projectId) throw elsewhere();
      }
      const renamed = { ...fields, experimentId, searchText: searchText(name, notes) };
      const replaced = tags && { deleteMany: {}, create: tags.map((tag) => ({ name: tag })) };
      const after = await transaction.run.update({ where: { id: runId }, data: { ...renamed, tags: replaced } });
      const details = { ...fields, ...(tags && { tags }), ...(experimentId && { experimentId }) };
      await audit(transaction, viewer, { action: 'updateRun', projectId: run.projectId, subject: subject(runId), details });
      return after;
    });
    bus.publish(runId);
    supervisor.wake();
    return updated;
  }

  /**
   * Removes a run that has ended, with everything that it produced.
   * @throws NotFound, Forbidden for viewers, Conflict when it has not ended, or a model version is kept in its folder
   */
  async delete(viewer: Viewer, runId: string): Promise<void> {
    await this.#options.removal.remove(viewer, runId);
    this.#options.bus.publish(runId);
  }

  /**
   * Ends a run: a queued or paused one that has learned nothing at once, one that trains between two steps. What was learned so far is
   * kept, as an artifact. Asked again while the run is ending, it changes nothing.
   * @throws NotFound, Forbidden for viewers, Conflict when the run has ended
   */
  async cancel(viewer: Viewer, runId: string): Promise<Run> {
    const run = await this.#change(viewer, 'cancelRun', runId, async ({ id, name, state }, transaction) => {
      if (isEnded(state)) throw new Conflict(`The run "${name}" has ended already (${state}); there is nothing to cancel.`);
      if (state !== 'QUEUED' && state !== 'PAUSED') return { state: 'CANCELLING' };
      const isSaved = (await transaction.checkpoint.count({ where: { runId: id } })) > 0;
      return isSaved ? { state: 'CANCELLING', data: { savingAttempts: 0 } } : { state: 'CANCELLED' };
    });
    if (run.state === 'CANCELLING') requestCancel(this.folderOf(runId));
    return run;
  }

  /**
   * Stops a run such that it can go on later: a queued one at once, one that trains between two steps, with a checkpoint. It makes
   * room for others meanwhile. Asked again, it changes nothing.
   * @throws NotFound, Forbidden for viewers, Conflict when the run has ended or is being cancelled
   */
  async pause(viewer: Viewer, runId: string): Promise<Run> {
    const run = await this.#change(viewer, 'pauseRun', runId, ({ name, state }) => {
      if (isEnded(state)) throw new Conflict(`The run "${name}" has ended already (${state}); there is nothing to pause.`);
      if (state === 'CANCELLING') throw new Conflict(`The run "${name}" is being cancelled; it cannot be paused.`);
      return { state: state === 'QUEUED' ? 'PAUSED' : 'PAUSING' };
    });
    if (run.state === 'PAUSING') requestPause(this.folderOf(runId));
    return run;
  }

  /**
   * Puts a paused run back into the queue; it goes on exactly where it was. One that is not paused is left as it is.
   * @throws NotFound, Forbidden for viewers, Conflict when the run has ended, is being cancelled or not paused yet
   */
  async resume(viewer: Viewer, runId: string): Promise<Run> {
    return this.#change(viewer, 'resumeRun', runId, ({ name, state }) => {
      if (state === 'COMPLETED') throw new Conflict(`The run "${name}" has ended (${state}); it cannot go on. Start a new one.`);
      if (isEnded(state))
        throw new Conflict(`The run "${name}" has ended (${state}); it cannot go on unless it is tried again (retryRun).`);
      if (state === 'CANCELLING') throw new Conflict(`The run "${name}" is being cancelled; it cannot go on.`);
      if (state === 'PAUSING') throw new Conflict(`The run "${name}" is still being paused; resume it when its step is done.`);
      return { state: 'QUEUED' };
    });
  }

  /**
   * Puts a run that failed or was cancelled back into the queue. It goes on from its newest checkpoint, without one from the start.
   * @throws NotFound, Forbidden for viewers, Conflict when the run is complete, has not ended, or would fail the same way again, Invalid
   * when its model or dataset is gone
   */
  async retry(viewer: Viewer, runId: string): Promise<Run> {
    const { prisma, dataFolder } = this.#options;
    const found = await prisma.run.findUnique({ where: { id: runId } });
    if (!found) throw new NotFound(`There is no run ${runId}.`);
    requireRole(viewer, { projectId: found.projectId, what: `run ${runId}`, ...trainer });
    if (isEnded(found.state) && whyNotAgain(found) === null) await validateConfig(found.config, dataFolder);
    return this.#change(viewer, 'retryRun', runId, (run) => {
      const reason = whyNotAgain(run);
      if (reason !== null) throw new Conflict(reason);
      return { state: 'QUEUED', isRetry: true };
    });
  }

  /** Where each queued run stands, by its id. */
  async queue(): Promise<Map<string, QueuePlace>> {
    return queuePlaces(this.#options.prisma, await this.#options.places);
  }

  /** Where everything of a run lies. */
  folderOf(runId: string): string {
    return this.#options.folderOf(runId);
  }

  async #queue(
    viewer: Viewer,
    action: 'startRun' | 'cloneRun',
    { id: experimentId, projectId }: Experiment,
    input: RunFields & Sourced & { parentId?: string },
  ): Promise<Run> {
    const { prisma, bus, supervisor, sources, dataFolder } = this.#options;
    const { tags = [], notes = '', name: given, priority, maxCrashes } = checkedFields(input);
    const name = given ?? `Run ${(await prisma.run.count({ where: { projectId } })) + 1}`;
    const config = await validateConfig(input.config, dataFolder);
    await this.#requirePlace(config.run.device);
    const { datasetVersionId, baseModelId, parentId = null } = input;
    const time = new Date();
    const run = await prisma.$transaction(async (transaction) => {
      if (datasetVersionId) await sources.holdDataset(transaction, datasetVersionId);
      const created = await transaction.run.create({
        data: {
          id: newId(),
          name,
          notes,
          searchText: searchText(name, notes),
          priority,
          maxCrashes,
          projectId,
          experimentId,
          createdById: viewer.userId,
          parentId,
          datasetVersionId,
          baseModelId,
          config,
          wantedDevice: config.run.device,
          summary: {},
          createdAt: time,
          tags: { create: tags.map((tag) => ({ name: tag })) },
          eventSequence: 1,
          events: { create: { sequence: 1, type: 'STATE', time, step: 0, state: 'QUEUED' } },
        },
      });
      const details = {
        name,
        ...(datasetVersionId && { datasetVersionId }),
        ...(baseModelId && { baseModelId }),
        ...(parentId && { parentId }),
      };
      await audit(transaction, viewer, { action, projectId, subject: subject(created.id), details });
      return created;
    });
    bus.publish(run.id);
    supervisor.wake();
    return run;
  }

  /** @throws Invalid when no place of the studio has the device */
  async #requirePlace(device: Device | 'auto'): Promise<void> {
    const places = await this.#options.places;
    if (device === 'auto' || placesFor(places, device).length > 0) return;
    const message = `This studio trains on ${describeSlots(places)}; it would wait for ever. Set run.device to one of these or to auto.`;
    throw new Invalid(`The configuration is not valid: config.run.device: ${message}`, [{ path: 'config.run.device', message }]);
  }

  /**
   * Brings a run into the state that is chosen for it, if it may come there.
   * @param choose looks at the run in the same transaction; what it throws goes to the caller.
   * @returns the run as it is then
   */
  async #change(
    viewer: Viewer,
    action: string,
    runId: string,
    choose: (run: Run, transaction: Prisma.TransactionClient) => StateChange | Promise<StateChange>,
  ): Promise<Run> {
    const { prisma, bus, supervisor } = this.#options;
    const { before, after } = await prisma.$transaction(async (transaction) => {
      const before = await this.#lock(transaction, viewer, runId);
      if (before.source !== 'ENGINE')
        throw new Conflict(`The run "${before.name}" is trained elsewhere; this studio only keeps what it logs.`);
      const { state, ...change } = await choose(before, transaction);
      const after = await changeState(transaction, runId, state, change);
      if (after) await audit(transaction, viewer, { action, projectId: before.projectId, subject: subject(runId) });
      return { before, after };
    });
    if (!after) return before;
    bus.publish(runId);
    supervisor.wake();
    return after;
  }

  /** A run that the viewer may change. @throws NotFound, Forbidden */
  async #lock(transaction: Prisma.TransactionClient, viewer: Viewer, runId: string): Promise<Run> {
    const run = await lockRun(transaction, runId);
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    requireRole(viewer, { projectId: run.projectId, what: `run ${runId}`, ...trainer });
    return run;
  }

  async #experiment(
    viewer: Viewer,
    { projectId = firstProject(viewer), experimentId: id }: Pick<StartRunInput, 'projectId' | 'experimentId'>,
  ): Promise<Experiment> {
    if (id === undefined) {
      if (projectId === undefined) throw new NotFound('You are in no project yet. Make one first.');
      requireRole(viewer, { projectId, ...trainer });
      return this.#options.experiments.default(projectId);
    }
    const found = await this.#options.prisma.experiment.findUnique({ where: { id } });
    if (!found) throw new NotFound(`There is no experiment ${id}.`);
    requireRole(viewer, { projectId: found.projectId, what: `experiment ${id}`, ...trainer });
    return found;
  }
}

type StateChange = Change & { state: Run['state'] };

const subject = (id: string) => ({ type: 'Run', id });

function elsewhere(): Invalid {
  const message = 'The experiment belongs to another project than the run.';
  return new Invalid(message, [{ path: 'experimentId', message }]);
}
