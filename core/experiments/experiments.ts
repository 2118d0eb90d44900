import type { Experiment, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { RunRemoval } from '../runs/removal.ts';
import { isEnded } from '../runs/states.ts';
import { isUniqueViolation, uniquely } from '../uniquely.ts';

/** Where runs go that were started without an experiment. */
const defaultName = 'Default';

export class ExperimentService {
  readonly #prisma: PrismaClient;
  readonly #removal: RunRemoval;

  constructor(prisma: PrismaClient, removal: RunRemoval) {
    this.#prisma = prisma;
    this.#removal = removal;
  }

  /**
   * @param input name: 1–100 characters, not taken in its project; description: at most 10,000.
   * @throws Invalid, Conflict when the name is taken, Forbidden for viewers
   */
  async create(viewer: Viewer, input: { projectId: string; name: string; description?: string }): Promise<Experiment> {
    const { projectId } = input;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { name, description } = checked({ name: input.name, description: input.description ?? '' });
    return uniquely('an experiment', name, () =>
      this.#prisma.$transaction(async (transaction) => {
        const data = { id: newId(), projectId, name, description, searchText: searchText(name, description) };
        const experiment = await transaction.experiment.create({ data });
        await audit(transaction, viewer, { action: 'createExperiment', projectId, subject: subject(experiment.id), details: { name } });
        return experiment;
      }),
    );
  }

  /**
   * @param input as for `create`; what is left out stays as it is.
   * @throws Invalid, NotFound, Conflict when the name is taken, Forbidden for viewers
   */
  async update(viewer: Viewer, id: string, input: { name?: string; description?: string }): Promise<Experiment> {
    const before = await this.#find(viewer, id);
    const { projectId } = before;
    const { name, description } = checked({ name: input.name ?? before.name, description: input.description ?? before.description });
    return uniquely('an experiment', name, () =>
      this.#prisma.$transaction(async (transaction) => {
        const data = { name, description, searchText: searchText(name, description) };
        const experiment = await transaction.experiment.update({ where: { id }, data });
        const details = { ...(input.name !== undefined && { name }), ...(input.description !== undefined && { description }) };
        await audit(transaction, viewer, { action: 'updateExperiment', projectId, subject: subject(id), details });
        return experiment;
      }),
    );
  }

  /**
   * @param withRuns whether its runs go too, with all that they produced; they must have ended.
   * @throws NotFound, Forbidden for viewers, Conflict when there are runs that are to stay or have not ended
   */
  async delete(viewer: Viewer, id: string, withRuns = false): Promise<void> {
    const { projectId, name } = await this.#find(viewer, id);
    if (withRuns) requireRole(viewer, { projectId, role: 'EDITOR', scope: 'train', what: `experiment ${id}` });
    const runs = await this.#prisma.run.findMany({ where: { experimentId: id }, select: { id: true, name: true, state: true } });
    if (runs.length > 0 && !withRuns)
      throw new Conflict(
        `The experiment "${name}" has runs (${runs.length}). Move or delete them first, or ask for them to be deleted too.`,
      );
    const going = runs.find(({ state }) => !isEnded(state));
    if (going) throw new Conflict(`The run "${going.name}" of the experiment has not ended (${going.state}). Cancel it first.`);
    for (const run of runs) await this.#removal.remove(viewer, run.id);
    await this.#prisma.$transaction(async (transaction) => {
      // A run may have been started in it meanwhile.
      const left = await transaction.run.count({ where: { experimentId: id } });
      if (left > 0) throw new Conflict(`The experiment "${name}" has runs (${left}) that were started meanwhile.`);
      const { count } = await transaction.experiment.deleteMany({ where: { id } });
      if (count === 0) throw new NotFound(`There is no experiment ${id}.`);
      const details = { name, runs: runs.length };
      await audit(transaction, viewer, { action: 'deleteExperiment', projectId, subject: subject(id), details });
    });
  }

  /** The experiment named "Default" of a project, made when missing. */
  async default(projectId: string): Promise<Experiment> {
    const where = { projectId_name: { projectId, name: defaultName } };
    const found = await this.#prisma.experiment.findUnique({ where });
    if (found) return found;
    try {
      return await this.#prisma.experiment.create({
        data: { id: newId(), projectId, name: defaultName, searchText: searchText(defaultName, '') },
      });
    } catch (error) {
      // Two runs at once may both need it.
      if (isUniqueViolation(error)) return this.#prisma.experiment.findUniqueOrThrow({ where });
      throw error;
    }
  }

  /** One that the viewer may change. @throws NotFound, Forbidden */
  async #find(viewer: Viewer, id: string): Promise<Experiment> {
    const experiment = await this.#prisma.experiment.findUnique({ where: { id } });
    if (!experiment) throw new NotFound(`There is no experiment ${id}.`);
    requireRole(viewer, { projectId: experiment.projectId, role: 'EDITOR', scope: 'write', what: `experiment ${id}` });
    return experiment;
  }
}

const subject = (id: string) => ({ type: 'Experiment', id });

const searchText = (name: string, description: string): string => `${name}\n${description}`.toLowerCase();

/** @throws Invalid with an issue for each field that is wrong */
function checked(input: { name: string; description: string }): { name: string; description: string } {
  const [name, description] = [input.name.trim(), input.description.trim()];
  const issues = [
    ...(name.length < 1 || name.length > 100 ? [{ path: 'name', message: 'A name has 1 to 100 characters.' }] : []),
    ...(description.length > 10_000 ? [{ path: 'description', message: 'A description has at most 10,000 characters.' }] : []),
  ];
  if (issues.length > 0) throw new Invalid('The experiment is not valid.', issues);
  return { name, description };
}
