import { type Experiment, Prisma, type PrismaClient } from '@anneal/prisma';
import { Conflict, Invalid } from '../errors.ts';
import { newId } from '../ids.ts';

/** Where runs go that were started without an experiment. */
const defaultName = 'Default';

export class ExperimentService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * @param input name: 1–100 characters, not taken; description: at most 10,000.
   * @throws Invalid, Conflict when the name is taken
   */
  async create(input: { name: string; description?: string }): Promise<Experiment> {
    const name = input.name.trim();
    const description = input.description?.trim() ?? '';
    const issues = [
      ...(name.length < 1 || name.length > 100 ? [{ path: 'name', message: 'A name has 1 to 100 characters.' }] : []),
      ...(description.length > 10_000 ? [{ path: 'description', message: 'A description has at most 10,000 characters.' }] : []),
    ];
    if (issues.length > 0) throw new Invalid('The experiment is not valid.', issues);
    try {
      return await this.#prisma.experiment.create({ data: { id: newId(), name, description } });
    } catch (error) {
      if (isUniqueViolation(error)) throw new Conflict(`There is an experiment named "${name}" already. Choose another name.`);
      throw error;
    }
  }

  /** The experiment named "Default", made when missing. */
  async default(): Promise<Experiment> {
    const found = await this.#prisma.experiment.findUnique({ where: { name: defaultName } });
    if (found) return found;
    try {
      return await this.#prisma.experiment.create({ data: { id: newId(), name: defaultName } });
    } catch (error) {
      // Two runs at once may both need it.
      if (isUniqueViolation(error)) return this.#prisma.experiment.findUniqueOrThrow({ where: { name: defaultName } });
      throw error;
    }
  }
}

const isUniqueViolation = (error: unknown): boolean => error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
