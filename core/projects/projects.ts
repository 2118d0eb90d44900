import type { PrismaClient, Project } from '@anneal/prisma';
import { requirePerson, requireRole } from '../access/access.ts';
import { publishAccessChange } from '../access/access-changes.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid } from '../errors.ts';
import { newId } from '../ids.ts';
import { activeStates } from '../runs/states.ts';
import type { Bus } from '../streams/bus.ts';
import { deleteContents } from './contents.ts';

export interface ProjectInput {
  /** 1–100 characters. */
  name: string;
  /** At most 10,000 characters. */
  description?: string;
}

export interface ProjectServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  /** Removes the files of a project, once its rows are gone. */
  removeFiles: (files: { runIds: readonly string[]; paths: readonly string[] }) => Promise<void>;
}

/** What belongs together and is seen by the same people. */
export class ProjectService {
  readonly #options: ProjectServiceOptions;

  constructor(options: ProjectServiceOptions) {
    this.#options = options;
  }

  /** Makes a project; whoever makes it owns it. @throws Invalid with an issue a field, Forbidden for API keys */
  async create(viewer: Viewer, input: ProjectInput): Promise<Project> {
    requirePerson(viewer);
    const { prisma, bus } = this.#options;
    const { name, description = '' } = checked(input);
    const project = await prisma.$transaction(async (transaction) => {
      const created = await transaction.project.create({
        data: { id: newId(), name, description, memberships: { create: { userId: viewer.userId, role: 'OWNER' } } },
      });
      const subject = { type: 'Project', id: created.id };
      await audit(transaction, viewer, { action: 'createProject', projectId: created.id, subject, details: { name } });
      return created;
    });
    publishAccessChange(bus, { userId: viewer.userId });
    return project;
  }

  /** Renames a project, or describes it anew. What is left out stays. @throws Invalid, NotFound, Forbidden for those who do not own it */
  async update(viewer: Viewer, projectId: string, input: Partial<ProjectInput>): Promise<Project> {
    requireRole(viewer, { projectId, role: 'OWNER', scope: 'write' });
    const { prisma } = this.#options;
    return prisma.$transaction(async (transaction) => {
      const before = await transaction.project.findUniqueOrThrow({ where: { id: projectId } });
      const data = checked({ name: input.name ?? before.name, description: input.description ?? before.description });
      const subject = { type: 'Project', id: projectId };
      await audit(transaction, viewer, { action: 'updateProject', projectId, subject, details: { from: before.name, name: data.name } });
      return transaction.project.update({ where: { id: projectId }, data });
    });
  }

  /**
   * Deletes a project with everything in it: runs, datasets, models, keys.
   * @throws NotFound, Forbidden for those who do not own it and for API keys, Conflict while runs are not ended
   */
  async delete(viewer: Viewer, projectId: string): Promise<void> {
    requirePerson(viewer);
    requireRole(viewer, { projectId, role: 'OWNER', scope: 'write' });
    const { prisma, bus, removeFiles } = this.#options;
    const { files, userIds } = await prisma.$transaction(async (transaction) => {
      const project = await transaction.project.findUniqueOrThrow({ where: { id: projectId }, include: { memberships: true } });
      const going = await transaction.run.count({ where: { projectId, source: 'ENGINE', state: { in: ['QUEUED', ...activeStates] } } });
      if (going > 0) {
        const runs = going === 1 ? '1 run has' : `${going} runs have`;
        throw new Conflict(`${runs} not ended in the project "${project.name}". Cancel what still runs or waits, then delete it.`);
      }
      const files = await deleteContents(transaction, projectId);
      await transaction.project.delete({ where: { id: projectId } });
      const subject = { type: 'Project', id: projectId };
      await audit(transaction, viewer, { action: 'deleteProject', subject, details: { name: project.name } });
      return { files, userIds: project.memberships.map(({ userId }) => userId) };
    });
    publishAccessChange(bus, ...userIds.map((userId) => ({ userId })));
    await removeFiles(files);
  }
}

function checked(input: ProjectInput): ProjectInput {
  const name = input.name.trim();
  const description = input.description?.trim();
  const issues = [
    ...(name.length < 1 || name.length > 100 ? [{ path: 'name', message: 'A name has 1 to 100 characters.' }] : []),
    ...((description?.length ?? 0) > 10_000 ? [{ path: 'description', message: 'A description has at most 10,000 characters.' }] : []),
  ];
  if (issues.length > 0) throw new Invalid(`The project is not valid: ${issues.map(({ message }) => message).join(' ')}`, issues);
  return { name, ...(description !== undefined && { description }) };
}
