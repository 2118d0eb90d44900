import type { Prisma, PrismaClient } from '@anneal/prisma';
import type { Viewer } from '../access/viewer.ts';
import type { FileLinks } from '../files/links.ts';
import type { ExecutionBatchService } from './batches.ts';

const prefix = 'batch:';
const rowsAPage = 200;

/** The results of a batch as JSON Lines (https://jsonlines.org): one object a row. Made while it is fetched, a page at a time. */
export class BatchExport {
  readonly #prisma: PrismaClient;
  readonly #links: FileLinks;
  readonly #batches: ExecutionBatchService;

  constructor({ prisma, links, batches }: { prisma: PrismaClient; links: FileLinks; batches: ExecutionBatchService }) {
    this.#prisma = prisma;
    this.#links = links;
    this.#batches = batches;
  }

  /**
   * @returns a signed address that serves the file for a quarter of an hour, to be put behind the server's own
   * @throws NotFound
   */
  async link(viewer: Viewer, batchId: string): Promise<string> {
    await this.#batches.batchFor(viewer, batchId, 'VIEWER', 'read');
    return this.#links.toExport({ request: `${prefix}${batchId}`, fileName: `batch-${batchId}.jsonl` });
  }

  /** The file behind an address. @returns undefined when it was not made here, was changed, or has expired. */
  open(query: URLSearchParams): { fileName: string; contentType: string; text: AsyncIterable<string> } | undefined {
    const link = this.#links.checkExport(query);
    if (!link?.request.startsWith(prefix)) return undefined;
    return {
      fileName: link.fileName,
      contentType: 'application/jsonl; charset=utf-8',
      text: this.#lines(link.request.slice(prefix.length)),
    };
  }

  async *#lines(batchId: string): AsyncGenerator<string> {
    for (let after = 0; ;) {
      const rows = await this.#prisma.execution.findMany({
        where: { batchId, batchRow: { gt: after } },
        orderBy: { batchRow: 'asc' },
        take: rowsAPage,
        select: columns,
      });
      const last = rows.at(-1);
      if (!last) return;
      yield rows.map((row) => `${JSON.stringify(lineOf(row))}\n`).join('');
      after = last.batchRow ?? Infinity;
    }
  }
}

const columns = {
  ...{ id: true, batchRow: true, state: true, variables: true, output: true, finishReason: true, model: true },
  ...{ errorCode: true, errorMessage: true, errorIssues: true, inputTokens: true, outputTokens: true, costUsd: true },
  ...{ milliseconds: true, isCached: true, attempts: true },
} as const;
type Row = Prisma.ExecutionGetPayload<{ select: typeof columns }>;

const lineOf = (row: Row) => ({
  row: row.batchRow,
  state: row.state,
  variables: row.variables,
  output: row.output,
  finishReason: row.finishReason,
  error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage, issues: row.errorIssues ?? [] },
  ...{ model: row.model, inputTokens: row.inputTokens, outputTokens: row.outputTokens, costUsd: row.costUsd },
  ...{ milliseconds: row.milliseconds, isCached: row.isCached, attempts: row.attempts, executionId: row.id },
});
