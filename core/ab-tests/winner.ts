import type { AbTest, AbVariant, Prisma, Prompt, PromptVersion } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import type { PromptSearchIndex } from '../prompts/search-index.ts';
import { checkedVersion, contentHash, storedContent } from '../prompts/version-content.ts';
import { addVersion } from '../prompts/versions.ts';

export type WinnerSearch = Pick<PromptSearchIndex, 'put'>;

interface Won {
  prompt: Prompt;
  test: AbTest;
  winner: AbVariant;
  search: WinnerSearch;
}

/**
 * The version that asks what the winner asked. A variant may have asked another model than its version says: then it is the version with
 * that model, which is made when there is none. The prompt must have been locked by `promptForChange`.
 */
export async function versionOfWinner(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  { prompt, test, winner, search }: Won,
): Promise<PromptVersion> {
  const version = await transaction.promptVersion.findUniqueOrThrow({ where: { id: winner.promptVersionId } });
  if (winner.model === null || winner.model === version.model) return version;
  const content = { ...storedContent(version), model: winner.model };
  const same = await transaction.promptVersion.findFirst({ where: { promptId: prompt.id, contentHash: contentHash(content) } });
  if (same) return same;
  const notes = `Version ${version.number} with the model of "${winner.name}", which has won the A/B test "${test.name}".`;
  const made = await addVersion(transaction, viewer, prompt, checkedVersion({ ...content, notes }));
  await search.put(transaction, prompt, made);
  return made;
}
