import { isShared, openDatabase, type PrismaClient, type Role } from '@anneal/prisma';
import { testDatabase } from '@anneal/prisma/testing';
import type { Viewer } from '../access/viewer.ts';
import { AbTestService } from '../ab-tests/ab-tests.ts';
import { FeedbackService } from '../feedback/feedback.ts';
import { ensureFirstUser } from '../identity/local-user.ts';
import { PromptTransferService } from '../prompts/import-export.ts';
import { LabelService } from '../prompts/labels.ts';
import { PromptService } from '../prompts/prompts.ts';
import { PromptSearchIndex } from '../prompts/search-index.ts';
import { PromptVersionService } from '../prompts/versions.ts';
import { owner } from './studio.ts';

/** Everything about the library of prompts on a database of its own, without models or a server. */
export interface PromptLibrary {
  prisma: PrismaClient;
  prompts: PromptService;
  promptVersions: PromptVersionService;
  promptLabels: LabelService;
  promptTransfer: PromptTransferService;
  abTests: AbTestService;
  feedback: FeedbackService;
}

export async function openPromptLibrary(folder: string): Promise<PromptLibrary> {
  const url = await testDatabase(folder);
  const prisma = await openDatabase(url);
  await ensureFirstUser(prisma);
  const search = new PromptSearchIndex({ isPostgresql: isShared(url) });
  return {
    prisma,
    prompts: new PromptService(prisma, search),
    promptVersions: new PromptVersionService(prisma, search),
    promptLabels: new LabelService(prisma),
    promptTransfer: new PromptTransferService(prisma, search),
    abTests: new AbTestService(prisma, search),
    feedback: new FeedbackService(prisma),
  };
}

/** Somebody with a role in some projects. */
export const memberOf = (role: Role, ...projectIds: string[]): Viewer => ({
  ...owner,
  isAdministrator: false,
  roles: new Map(projectIds.map((id) => [id, role])),
});
