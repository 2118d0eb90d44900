import type { Prisma, Prompt } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { NotFound } from '../errors.ts';

/**
 * A prompt that somebody may change, which nobody else changes before the end of the transaction.
 * @throws NotFound, Forbidden for viewers
 */
export async function promptForChange(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  id: string,
  what = `prompt ${id}`,
): Promise<Prompt> {
  // Its row is written as it is, which locks it: what is read of the prompt from here on stays so.
  await transaction.$executeRaw`UPDATE "Prompt" SET "name" = "name" WHERE "id" = ${id}`;
  const prompt = await transaction.prompt.findUnique({ where: { id } });
  if (!prompt) throw new NotFound(`There is no ${what}.`);
  requireRole(viewer, { projectId: prompt.projectId, role: 'EDITOR', scope: 'write', what });
  return prompt;
}
