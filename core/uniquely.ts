import { Prisma } from '@anneal/prisma';
import { Conflict } from './errors.ts';

/** Whether a row was refused because another one has what only one may have. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';

/**
 * Makes a change in which something gets a name that nothing else of its project may have.
 * @param what "a base model"
 * @throws Conflict when the name is taken; otherwise what the change throws
 */
export async function uniquely<T>(what: string, name: string, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new Conflict(`There is ${what} named "${name}" in this project already. Choose another name.`, { cause: error });
  }
}
