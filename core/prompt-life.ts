import type { PrismaClient } from '@anneal/prisma';
import { AbTestService } from './ab-tests/ab-tests.ts';
import { FeedbackService } from './feedback/feedback.ts';
import type { LanguageModels } from './language-models/language-models.ts';
import type { Logger } from './logger.ts';
import { PromptEmbeddings } from './prompts/embeddings.ts';
import { PromptTransferService } from './prompts/import-export.ts';
import { LabelService } from './prompts/labels.ts';
import { PromptPreviews } from './prompts/preview.ts';
import { PromptUse } from './prompts/prompt-use.ts';
import { PromptService } from './prompts/prompts.ts';
import { PromptSearch } from './prompts/search.ts';
import { PromptSearchIndex } from './prompts/search-index.ts';
import { PromptVersionService } from './prompts/versions.ts';

/** What models are asked, and how well that goes. */
export interface PromptLife {
  readonly prompts: PromptService;
  readonly promptVersions: PromptVersionService;
  readonly promptLabels: LabelService;
  readonly promptTransfer: PromptTransferService;
  readonly promptUse: PromptUse;
  readonly promptPreviews: PromptPreviews;
  readonly promptSearch: PromptSearch;
  readonly abTests: AbTestService;
  readonly feedback: FeedbackService;
}

export interface PromptLifeParts {
  prisma: PrismaClient;
  /** Which database it is on. */
  isPostgresql: boolean;
  logger: Logger;
  languageModels: LanguageModels;
}

/** @returns closePrompts: ends what is done in the background */
export function createPromptLife(parts: PromptLifeParts): PromptLife & { closePrompts: () => Promise<void> } {
  const { prisma, isPostgresql, logger, languageModels } = parts;
  const embeddings = new PromptEmbeddings({ prisma, languageModels, logger });
  const search = new PromptSearchIndex({ isPostgresql, onPut: (projectId) => embeddings.changed(projectId) });
  const promptUse = new PromptUse(prisma);
  return {
    prompts: new PromptService(prisma, search),
    promptVersions: new PromptVersionService(prisma, search),
    promptLabels: new LabelService(prisma),
    promptTransfer: new PromptTransferService(prisma, search),
    promptUse,
    promptPreviews: new PromptPreviews(prisma, promptUse),
    promptSearch: new PromptSearch({ prisma, index: search, embeddings, languageModels }),
    abTests: new AbTestService(prisma, search),
    feedback: new FeedbackService(prisma),
    closePrompts: () => embeddings.close(),
  };
}
