import type { ExecutionBatch, Prisma, PrismaClient, PromptVersion } from '@anneal/prisma';
import { z } from 'zod';
import { DataProcess } from '../datasets/data-process.ts';
import { columnRow, type ColumnRow } from '../datasets/data-protocol.ts';
import type { ReadingSettings } from '../datasets/version-reading.ts';
import { Invalid, LimitExceeded } from '../errors.ts';
import { checkedVariables, parametersFor, settingsOf, versionParameters } from '../executions/execution-input.ts';
import { problemOf } from '../executions/execution-problem.ts';
import { checkQuestion, type Draft, rowOfFailure, rowToAsk } from '../executions/execution-row.ts';
import type { PromptUse, ResolvedVersion } from '../prompts/prompt-use.ts';
import { columnsOf } from './batch-input.ts';
import { rowsAWindow } from './batch-limits.ts';

export interface BatchRowsOptions {
  prisma: PrismaClient;
  promptUse: PromptUse;
  batch: ExecutionBatch;
  resolved: ResolvedVersion;
  source: ReadingSettings;
}

/**
 * Makes the executions of a batch, some rows at a time, in the order of the dataset. Each row gets one, whatever dies when: the rows that
 * are written down say where it goes on, and no row can be written twice.
 */
export class BatchRows {
  readonly #options: BatchRowsOptions;
  readonly #process = new DataProcess();
  readonly #columns: Record<string, string>;
  readonly #draft: Omit<Draft, 'variables' | 'batchRow'>;

  constructor(options: BatchRowsOptions) {
    const { batch, resolved } = options;
    this.#options = options;
    this.#columns = columnsOf(batch.columns);
    this.#draft = draftOf(batch, resolved.version);
  }

  /**
   * Writes down the next rows that are to be asked.
   * @returns false when all rows are written down, or the batch has ended
   * @throws Invalid, Unavailable when the dataset cannot be read
   */
  async prepare(): Promise<boolean> {
    const { prisma, batch } = this.#options;
    const last = await prisma.execution.findFirst({
      where: { batchId: batch.id },
      orderBy: { batchRow: 'desc' },
      select: { batchRow: true },
    });
    const offset = last?.batchRow ?? 0;
    const limit = Math.min(rowsAWindow, batch.total - offset);
    if (limit <= 0) return false;
    const columns = [...new Set(Object.values(this.#columns))];
    const rows = await this.#process.ask({ type: 'columns', settings: this.#options.source, columns, offset, limit }, z.array(columnRow));
    if (rows.length === 0) throw shorter(offset, batch.total);
    const data = await Promise.all(rows.map((row) => this.#execution(row)));
    const failed = data.filter(({ state }) => state === 'FAILED').length;
    return prisma.$transaction(async (transaction) => {
      // Locked: whoever cancels it comes before or after these rows.
      const { count } = await transaction.executionBatch.updateMany({
        where: { id: batch.id, state: 'RUNNING' },
        data: { failed: { increment: failed } },
      });
      if (count > 0) await transaction.execution.createMany({ data });
      return count > 0;
    });
  }

  close(): void {
    this.#process.close();
  }

  async #execution({ row: batchRow, values, problem }: ColumnRow): Promise<Prisma.ExecutionCreateManyInput> {
    const draft: Draft = { ...this.#draft, batchRow, variables: null };
    try {
      if (problem !== null) throw unreadable(batchRow, problem);
      const given = Object.entries(this.#columns).flatMap(([name, column]) =>
        Object.hasOwn(values, column) ? [[name, values[column]]] : [],
      );
      draft.variables = checkedVariables(Object.fromEntries(given));
      const question = await this.#options.promptUse.render(this.#options.resolved, draft.variables);
      checkQuestion(draft, question);
      return rowToAsk(draft, question, { state: 'QUEUED' });
    } catch (error) {
      if (!(error instanceof Invalid || error instanceof LimitExceeded)) throw error;
      return rowOfFailure(draft, problemOf(error));
    }
  }
}

const draftOf = ({ id, projectId, model, parameters, createdById }: ExecutionBatch, version: PromptVersion) => ({
  ...{ projectId, batchId: id, promptId: version.promptId, promptVersionId: version.id, userId: createdById ?? undefined },
  ...{ model, parameters: parametersFor(versionParameters(version), settingsOf(parameters)) },
});

function shorter(rows: number, total: number): Invalid {
  const message = `The dataset ends after ${rows} rows; there were ${total} when the batch was begun.`;
  return new Invalid(message, [{ path: 'datasetVersionId', message }]);
}

function unreadable(row: number, problem: string): Invalid {
  const message = `Row ${row} of the dataset ${problem}.`;
  return new Invalid(message, [{ path: `rows.${row}`, message }]);
}
