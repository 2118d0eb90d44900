import type { Prompt } from '@anneal/prisma';
import { requireRole } from '../../access/access.ts';
import type { Viewer } from '../../access/viewer.ts';
import { Invalid } from '../../errors.ts';
import type { PromptService } from '../prompts.ts';
import { readyMadePrompts } from './ready-made-prompts.ts';

/**
 * Takes a ready-made prompt into a project.
 * @param input name: what to call it there; default: as it is called already
 * @throws Invalid at `readyMade`, Conflict when the name is taken, NotFound, Forbidden for viewers
 */
export async function createReadyMade(
  prompts: Pick<PromptService, 'create'>,
  viewer: Viewer,
  { projectId, readyMade, name, model }: { projectId: string; readyMade: string; name?: string; model?: string },
): Promise<Prompt> {
  requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
  const found = readyMadePrompts.find((prompt) => prompt.name === readyMade);
  if (!found) {
    const message = `There is no ready-made prompt "${readyMade}". There are ${readyMadePrompts.map((prompt) => prompt.name).join(', ')}.`;
    throw new Invalid(message, [{ path: 'readyMade', message }]);
  }
  const { title, ...content } = found;
  return prompts.create(viewer, {
    ...content,
    projectId,
    name: name ?? found.name,
    model,
    notes: `${title}, as it comes with the studio.`,
  });
}
