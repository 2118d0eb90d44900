import type { LogLevel, Prisma, PrismaClient, Run } from '@anneal/prisma';
import { z } from 'zod';
import { firstProject, requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import type { ExperimentService } from '../experiments/experiments.ts';
import { newId } from '../ids.ts';
import { lockRun } from '../runs/lock-run.ts';
import { checkedFields, searchText } from '../runs/run-input.ts';
import { changeState, isEnded } from '../runs/states.ts';
import type { Bus } from '../streams/bus.ts';
import { checkedPoints, type LoggedPoint, numbered } from './logged-points.ts';
import { addPoints, type Repeated, sortOut } from './store.ts';
import { parseSummary } from './summary.ts';
import { storedValue, textOf } from './values.ts';

export interface CreateLoggedRunInput {
  /** Default: the project of the experiment; without one, the first that the viewer may see. */
  projectId?: string;
  /** Default: the experiment named "Default" of the project. */
  experimentId?: string;
  /** 1–200 characters. Default: "Run 12". */
  name?: string;
  /** Whatever the trainer is set to; at most 256 KB as JSON. */
  config?: unknown;
  /** At most 20, of 1–50 characters each. */
  tags?: readonly string[];
}

export type EndState = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** What became of the points of a call. */
export interface Logged {
  /** Points that are new and stored. */
  accepted: number;
  /** Points that were stored already, with the same value. */
  duplicates: number;
}

const logger = { role: 'EDITOR', scope: 'log' } as const;
const mostConfigCharacters = 256 * 1024;
const mostMessageCharacters = 10_000;
const configSchema = z.record(z.string(), z.json());

/** Runs that are trained elsewhere: their trainer tells this studio what it measures. */
export class LoggedRunService {
  readonly #prisma: PrismaClient;
  readonly #bus: Bus;
  readonly #experiments: ExperimentService;

  constructor({ prisma, bus, experiments }: { prisma: PrismaClient; bus: Bus; experiments: ExperimentService }) {
    this.#prisma = prisma;
    this.#bus = bus;
    this.#experiments = experiments;
  }

  /**
   * Makes a run that is under way at once.
   * @throws Invalid with an issue for each field, NotFound for the project or the experiment, Forbidden
   */
  async create(viewer: Viewer, input: CreateLoggedRunInput): Promise<Run> {
    const { id: experimentId, projectId } = await this.#experiment(viewer, input);
    const { name: given, tags = [] } = checkedFields({ name: input.name, tags: input.tags });
    const config = checkedConfig(input.config);
    const name = given ?? `Run ${(await this.#prisma.run.count({ where: { projectId } })) + 1}`;
    const time = new Date();
    const run = await this.#prisma.$transaction(async (transaction) => {
      const created = await transaction.run.create({
        data: {
          ...{
            id: newId(),
            name,
            searchText: searchText(name, ''),
            projectId,
            experimentId,
            createdById: viewer.userId,
            config,
            summary: {},
          },
          ...{ source: 'LOGGED', state: 'RUNNING', createdAt: time, startedAt: time, eventSequence: 1 },
          tags: { create: tags.map((tag) => ({ name: tag })) },
          events: { create: { sequence: 1, type: 'STATE', time, step: 0, state: 'RUNNING' } },
        },
      });
      const subject = { type: 'Run', id: created.id };
      await audit(transaction, viewer, { action: 'createLoggedRun', projectId, subject, details: { name } });
      return created;
    });
    this.#bus.publish(run.id);
    return run;
  }

  /**
   * Stores points, all or none; when this returns they are committed. Points may come in any order, and again: one that is stored with
   * the same value counts as a duplicate, so a trainer that got no answer sends the same call again.
   * @throws Invalid with issues such as `points.14.step`; Conflict when a step has another value already, and when the run has ended or
   * is trained by this studio; NotFound, Forbidden
   */
  async log(viewer: Viewer, runId: string, points: readonly LoggedPoint[]): Promise<Logged> {
    await this.#require(viewer, runId);
    const now = new Date();
    const checked = checkedPoints(points, now);
    const logged = await this.#prisma.$transaction(async (transaction) => {
      const run = await this.#locked(transaction, runId);
      const summary = parseSummary(run.summary);
      const { fresh, repeated } = await sortOut(transaction, runId, summary, numbered(checked, run.journalSequence));
      const other = repeated.find(({ point, stored }) => !Object.is(point.value + 0, stored + 0));
      if (other) throw contradiction(other);
      const last = fresh.at(-1);
      if (!last) return { accepted: 0, duplicates: repeated.length };
      if (isEnded(run.state))
        throw new Conflict(`The run "${run.name}" has ended (${run.state}); it takes no more points. Make a new run.`);
      const data = {
        summary: await addPoints(transaction, runId, summary, fresh),
        step: fresh.reduce((step, point) => Math.max(step, point.step), run.step),
        journalSequence: last.sequence,
        lastStepAt: now,
      };
      await transaction.run.update({ where: { id: runId }, data, select: { id: true } });
      return { accepted: fresh.length, duplicates: repeated.length };
    });
    if (logged.accepted > 0) this.#bus.publish(runId);
    return logged;
  }

  /**
   * Adds a line to the log of a run.
   * @param input message: 1–10,000 characters; step: default the newest one.
   * @throws Invalid, NotFound, Forbidden, Conflict when the run has ended or is trained by this studio
   */
  async message(viewer: Viewer, input: { runId: string; level: LogLevel; message: string; step?: number }): Promise<Run> {
    const { runId, level, message, step } = input;
    await this.#require(viewer, runId);
    requireMessage(message);
    const run = await this.#prisma.$transaction(async (transaction) => {
      const before = await this.#locked(transaction, runId);
      if (isEnded(before.state)) throw new Conflict(`The run "${before.name}" has ended (${before.state}); its log is closed.`);
      return addLine(transaction, before, { level, message, step });
    });
    this.#bus.publish(runId);
    return run;
  }

  /**
   * Ends a run. Asked again for the same state, it changes nothing.
   * @param input message: the last line of the log; of a run that failed, why. At most 10,000 characters.
   * @throws Invalid, NotFound, Forbidden, Conflict when it has ended otherwise or is trained by this studio
   */
  async finish(viewer: Viewer, { runId, state, message }: { runId: string; state: EndState; message?: string }): Promise<Run> {
    await this.#require(viewer, runId);
    if (message !== undefined) requireMessage(message);
    const run = await this.#prisma.$transaction(async (transaction) => {
      const before = await this.#locked(transaction, runId);
      if (before.state === state) return before;
      if (isEnded(before.state)) throw new Conflict(`The run "${before.name}" has ended already (${before.state}).`);
      if (message !== undefined) await addLine(transaction, before, { level: state === 'FAILED' ? 'ERROR' : 'INFO', message });
      const error = { errorCode: 'TRAINER_FAILED', errorMessage: message ?? 'Its trainer said that it failed, and not why.' };
      const ended = await changeState(transaction, runId, state, state === 'FAILED' ? { data: error } : {});
      if (!ended) throw new Conflict(`The run "${before.name}" cannot end as ${state} now (${before.state}).`);
      const entry = { projectId: before.projectId, subject: { type: 'Run', id: runId }, details: { state } };
      await audit(transaction, viewer, { action: 'finishLoggedRun', ...entry });
      return ended;
    });
    this.#bus.publish(runId);
    return run;
  }

  async #require(viewer: Viewer, runId: string): Promise<void> {
    const run = await this.#prisma.run.findUnique({ where: { id: runId }, select: { projectId: true, source: true, name: true } });
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    requireRole(viewer, { projectId: run.projectId, what: `run ${runId}`, ...logger });
    if (run.source !== 'LOGGED')
      throw new Conflict(
        `The run "${run.name}" is trained by this studio, which logs it itself. Make one of your own with createLoggedRun.`,
      );
  }

  async #locked(transaction: Prisma.TransactionClient, runId: string): Promise<Run> {
    const run = await lockRun(transaction, runId);
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    return run;
  }

  async #experiment(viewer: Viewer, { projectId = firstProject(viewer), experimentId: id }: CreateLoggedRunInput) {
    if (id === undefined) {
      if (projectId === undefined) throw new NotFound('You are in no project yet. Make one first.');
      requireRole(viewer, { projectId, ...logger });
      return this.#experiments.default(projectId);
    }
    const found = await this.#prisma.experiment.findUnique({ where: { id } });
    if (!found) throw new NotFound(`There is no experiment ${id}.`);
    requireRole(viewer, { projectId: found.projectId, what: `experiment ${id}`, ...logger });
    return found;
  }
}

async function addLine(
  transaction: Prisma.TransactionClient,
  { id: runId, eventSequence, step: newest }: Run,
  { level, message, step = newest }: { level: LogLevel; message: string; step?: number },
): Promise<Run> {
  const sequence = eventSequence + 1;
  await transaction.runEvent.create({ data: { runId, sequence, type: 'LOG', time: new Date(), step, level, message } });
  return transaction.run.update({ where: { id: runId }, data: { eventSequence: sequence } });
}

function requireMessage(message: string): void {
  if (message.length >= 1 && message.length <= mostMessageCharacters) return;
  const text = 'A message has 1 to 10,000 characters.';
  throw new Invalid(text, [{ path: 'message', message: text }]);
}

function checkedConfig(config: unknown): Prisma.InputJsonObject {
  if (config === undefined || config === null) return {};
  const { data } = configSchema.safeParse(config);
  if (data && JSON.stringify(data).length <= mostConfigCharacters) return data;
  const message = 'A configuration is an object of at most 256 KB as JSON.';
  throw new Invalid(message, [{ path: 'config', message }]);
}

function contradiction({ point, stored }: Repeated): Conflict {
  const { key, rank, step, value } = point;
  const [before, now] = [textOf(storedValue(stored)), textOf(storedValue(value))];
  const where = rank === 0 ? `"${key}" at step ${step}` : `"${key}" of rank ${rank} at step ${step}`;
  return new Conflict(`${where} is ${before} already; ${now} was sent. A step has one value for good. Nothing of this call was stored.`);
}
