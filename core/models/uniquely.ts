import { Prisma } from '@anneal/prisma';
import { Conflict } from '../errors.ts';

/**
 * Makes a change in which something gets a name that nothing else of its project may have.
 * @param what "base model"
 * @throws Conflict when the name is taken; otherwise what the change throws
 */
export async function uniquely<T>(what: string, name: string, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof Prisma.PrismaClientKnownRequestError) || error.code !== 'P2002') throw error;
    throw new Conflict(`There is a ${what} named "${name}" in this project already. Choose another name.`, { cause: error });
  }
}
