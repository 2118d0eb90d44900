import type { PrismaClient, Run } from '@anneal/prisma';
import { z } from 'zod';
import { visibleTo } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid, NotFound } from '../errors.ts';
import type { FileLinks } from '../files/links.ts';
import { topLevel } from './rollups.ts';
import { numberOf } from './values.ts';

const requestSchema = z.object({ runIds: z.array(z.string()), keys: z.array(z.string()).nullable(), format: z.enum(['CSV', 'JSON']) });
type ExportRequest = z.output<typeof requestSchema>;
export type ExportFormat = ExportRequest['format'];

const mostRuns = 100;
const mostKeys = 50;
/** An address has to pass proxies too. */
const mostCharacters = 6000;
const rowsAPage = 5000;

/** A measured value, or those of up to 16 steps of a run whose points were removed for being old. */
interface Row {
  step: number;
  value: number;
  count: number;
  min: number | null;
  max: number | null;
  epoch: number;
  tokens: number;
  time: Date;
}

/** Every value of runs as a file. It is made while it is fetched, a page of rows at a time, so its length costs no memory. */
export class MetricExport {
  readonly #prisma: PrismaClient;
  readonly #links: FileLinks;

  constructor({ prisma, links }: { prisma: PrismaClient; links: FileLinks }) {
    this.#prisma = prisma;
    this.#links = links;
  }

  /**
   * @param input runIds: 1 to 100 runs; keys: left out: all metrics.
   * @returns a signed address that serves the file for a quarter of an hour, to be put behind the server's own
   * @throws Invalid, NotFound
   */
  async link(
    viewer: Viewer,
    { runIds, keys, format }: { runIds: readonly string[]; keys?: readonly string[]; format: ExportFormat },
  ): Promise<string> {
    const ids = [...new Set(runIds)];
    if (ids.length < 1 || ids.length > mostRuns)
      throw invalid('runIds', `1 to ${mostRuns} runs can be exported at once; these are ${ids.length}.`);
    if (keys && (keys.length < 1 || keys.length > mostKeys))
      throw invalid('keys', `1 to ${mostKeys} metrics can be named; leave it out for all.`);
    const found = await this.#prisma.run.findMany({ where: { id: { in: ids }, ...visibleTo(viewer) }, select: { id: true } });
    const missing = ids.find((id) => !found.some((run) => run.id === id));
    if (missing !== undefined) throw new NotFound(`There is no run ${missing}.`);
    const request: ExportRequest = { runIds: ids, keys: keys ? [...keys] : null, format };
    const text = Buffer.from(JSON.stringify(request)).toString('base64url');
    if (text.length > mostCharacters)
      throw invalid('keys', 'The names of the metrics are too long together. Name fewer, or leave them out for all.');
    return this.#links.toExport({ request: text, fileName: `metrics.${format.toLowerCase()}` });
  }

  /** The file behind an address. @returns undefined when it was not made here, was changed, or has expired. */
  open(query: URLSearchParams): { fileName: string; contentType: string; text: AsyncIterable<string> } | undefined {
    const link = this.#links.checkExport(query);
    if (!link) return undefined;
    const request = requestSchema.parse(JSON.parse(Buffer.from(link.request, 'base64url').toString()));
    const isCsv = request.format === 'CSV';
    return {
      fileName: link.fileName,
      contentType: isCsv ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8',
      text: isCsv ? this.#csv(request) : this.#json(request),
    };
  }

  /** RFC 4180. */
  async *#csv(request: ExportRequest): AsyncGenerator<string> {
    yield 'run_id,run,metric,rank,step,value,count,min,max,epoch,tokens,time\r\n';
    for await (const { run, key, rank, rows } of this.#pages(request)) {
      const name = [run.id, quoted(run.name), quoted(key), rank].join(',');
      yield rows
        .map(
          ({ step, value, count, min, max, epoch, tokens, time }) =>
            `${name},${step},${value},${count},${min ?? ''},${max ?? ''},${epoch},${tokens},${time.toISOString()}\r\n`,
        )
        .join('');
    }
  }

  /** An array of objects. JSON has no NaN and no infinities: these are strings. */
  async *#json(request: ExportRequest): AsyncGenerator<string> {
    let before = '[';
    for await (const { run, key, rank, rows } of this.#pages(request)) {
      let text = '';
      for (const { value, ...row } of rows) {
        const shown = Number.isFinite(value) ? value : String(value);
        text += `${before}\n${JSON.stringify({ runId: run.id, run: run.name, metric: key, rank, value: shown, ...row })}`;
        before = ',';
      }
      yield text;
    }
    yield before === '[' ? '[]\n' : '\n]\n';
  }

  async *#pages({ runIds, keys }: ExportRequest) {
    for (const id of runIds) {
      const run = await this.#prisma.run.findUnique({ where: { id }, select: { id: true, name: true, thinnedAt: true } });
      // It was deleted since the address was made.
      if (!run) continue;
      const curves = await this.#prisma.metricRollup.groupBy({
        by: ['key', 'rank'],
        where: { runId: id, level: topLevel, ...(keys && { key: { in: keys } }) },
        orderBy: [{ key: 'asc' }, { rank: 'asc' }],
      });
      for (const { key, rank } of curves) {
        for (let after = -1; ;) {
          const rows = await this.#rows(run, { key, rank }, after);
          const last = rows.at(-1);
          if (!last) break;
          yield { run, key, rank, rows };
          after = last.step;
        }
      }
    }
  }

  async #rows(
    { id: runId, thinnedAt }: Pick<Run, 'id' | 'thinnedAt'>,
    curve: { key: string; rank: number },
    after: number,
  ): Promise<Row[]> {
    if (thinnedAt) {
      const rows = await this.#prisma.metricRollup.findMany({
        where: { runId, ...curve, level: 1, fromStep: { gt: after } },
        orderBy: { bucket: 'asc' },
        take: rowsAPage,
      });
      return rows.map(({ toStep: step, last, nonFinite, count, min, max, epoch, tokens, time }) => ({
        ...{ step, value: numberOf({ value: last, nonFinite }), count },
        ...{ min, max, epoch, tokens, time },
      }));
    }
    const points = await this.#prisma.metricPoint.findMany({
      where: { runId, ...curve, step: { gt: after } },
      orderBy: { step: 'asc' },
      take: rowsAPage,
    });
    return points.map(({ step, value, nonFinite, epoch, tokens, time }) => ({
      ...{ step, value: numberOf({ value, nonFinite }), count: 1 },
      ...{ min: value, max: value, epoch, tokens, time },
    }));
  }
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const invalid = (path: string, message: string) => new Invalid(message, [{ path, message }]);
