import { isShared, type PrismaClient } from '@anneal/prisma';
import type { AbTestService } from './ab-tests/ab-tests.ts';
import type { DatasetUse } from './datasets/dataset-use.ts';
import { BatchExport } from './execution-batches/batch-export.ts';
import { BatchKeeping } from './execution-batches/batch-keeping.ts';
import { ExecutionBatchService } from './execution-batches/batches.ts';
import { EndedElsewhere, ExecutionsAtWork } from './executions/at-work.ts';
import { serverStopped } from './executions/execution-problem.ts';
import { ExecutionRunner } from './executions/execution-runner.ts';
import { ExecutionService } from './executions/executions.ts';
import { ExecutionRecovery } from './executions/recovery.ts';
import { TextWriter } from './executions/text-writer.ts';
import type { FileLinks } from './files/links.ts';
import type { LanguageModels } from './language-models/language-models.ts';
import type { Logger } from './logger.ts';
import type { OutputCache } from './output-cache/output-cache.ts';
import type { PriceService } from './prices/prices.ts';
import type { PromptUse } from './prompts/prompt-use.ts';
import type { Duty } from './servers/duties.ts';
import type { Bus } from './streams/bus.ts';
import type { StoredTexts } from './streams/execution-channel.ts';

/** What language models are asked. */
export interface ExecutionLife {
  readonly executions: ExecutionService;
  readonly executionBatches: ExecutionBatchService;
  readonly batchExport: BatchExport;
}

export interface ExecutionLifeParts {
  databaseUrl: string;
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  links: FileLinks;
  languageModels: LanguageModels;
  promptUse: PromptUse;
  abTests: Pick<AbTestService, 'assign'>;
  outputCache: OutputCache;
  prices: Pick<PriceService, 'cost'>;
  datasetUse: Pick<DatasetUse, 'rowSource'>;
  /** Before a model is asked for the second time. Milliseconds. */
  firstPause?: number;
}

/**
 * @returns executionTexts: what live streams read; executionDuties: what one server does for all; closeExecutions: ends what is under way
 * here, as failed or, in batches, for the next server
 */
export function createExecutionLife(parts: ExecutionLifeParts): ExecutionLife & {
  executionTexts: StoredTexts;
  executionDuties: Duty[];
  closeExecutions: () => Promise<void>;
} {
  const { databaseUrl, prisma, bus, logger, links, firstPause = 500 } = parts;
  const atWork = new ExecutionsAtWork({ prisma, bus, logger });
  const texts = new TextWriter({ prisma, bus, logger, onLost: (id) => atWork.stop(id, new EndedElsewhere()) });
  const runner = new ExecutionRunner({ ...parts, firstPause, texts, atWork });
  const executionBatches = new ExecutionBatchService(parts);
  return {
    executions: new ExecutionService({ ...parts, runner, atWork, texts }),
    executionBatches,
    batchExport: new BatchExport({ prisma, links, batches: executionBatches }),
    executionTexts: texts,
    executionDuties: [
      new ExecutionRecovery({ prisma, bus, logger, isAlone: !isShared(databaseUrl) }),
      new BatchKeeping({ ...parts, runner, atWork }),
    ],
    closeExecutions: () => atWork.close(serverStopped()),
  };
}
