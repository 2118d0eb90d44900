import type { DatasetVersion, Prisma, PrismaClient } from '@anneal/prisma';
import { StudioError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { BringIn } from './bring-in.ts';
import { DataProcess } from './data-process.ts';
import { checkResult, type CheckResult, type RowProblem } from './data-protocol.ts';
import type { VersionReading } from './version-reading.ts';

export interface DatasetChecksOptions {
  prisma: PrismaClient;
  logger: Logger;
  reading: VersionReading;
  bringIn: BringIn;
  /** Whether this is the only server: then what is being checked when it starts is nobody's. */
  isAlone: boolean;
}

/** For so long a server has a version to itself, unless it says that it is still at it. Milliseconds. */
const lease = 15_000;
/** How often versions are looked for that a server has left when it died. Milliseconds. */
const interval = 5000;
/** Versions that are checked at a time: a large one does not hold up the small ones. */
const mostAtOnce = 2;

/** Checks versions of datasets, in processes of their own: brings their files in, looks at every row. What was interrupted begins again. */
export class DatasetChecks {
  readonly #options: DatasetChecksOptions;
  readonly #jobs = new Map<string, { stop: AbortController; done: Promise<void> }>();
  /** Processes that wait for the next version; they end by themselves after a while. */
  readonly #resting: DataProcess[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: DatasetChecksOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { prisma, isAlone } = this.#options;
    if (isAlone) await prisma.datasetVersion.updateMany({ where: { state: 'CHECKING' }, data: { checkedUntil: null } });
    this.#timer = setInterval(this.wake, interval).unref();
    this.wake();
  }

  /** Looks soon for what is to be checked. */
  readonly wake = (): void => {
    this.#looking = this.#looking.then(() => this.#look());
  };

  /** Leaves what is under way to the next server. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#looking;
    const jobs = [...this.#jobs.values()];
    for (const { stop } of jobs) stop.abort();
    await Promise.all(jobs.map(({ done }) => done));
    for (const process of this.#resting) process.close();
  }

  /** Stops checking a version that is about to be deleted, and waits until nothing touches its files any more. */
  async stop(versionId: string): Promise<void> {
    const job = this.#jobs.get(versionId);
    job?.stop.abort();
    await job?.done;
  }

  async #look(): Promise<void> {
    const { prisma, logger } = this.#options;
    try {
      while (!this.#isClosed && this.#jobs.size < mostAtOnce) {
        const waiting = { state: 'CHECKING' as const, id: { notIn: [...this.#jobs.keys()] } };
        const free = { OR: [{ checkedUntil: null }, { checkedUntil: { lt: new Date() } }] };
        const next = await prisma.datasetVersion.findFirst({
          where: { ...waiting, ...free },
          orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        });
        if (!next) return;
        const taken = await prisma.datasetVersion.updateMany({ where: { id: next.id, ...free }, data: { checkedUntil: leaseEnd() } });
        if (taken.count === 1) this.#begin(next);
      }
    } catch (error) {
      logger.error({ error }, 'datasets to be checked could not be looked for; it is tried again');
    }
  }

  #begin(version: DatasetVersion): void {
    const stop = new AbortController();
    const done = this.#check(version, stop.signal).finally(() => {
      this.#jobs.delete(version.id);
      this.wake();
    });
    this.#jobs.set(version.id, { stop, done });
  }

  async #check(version: DatasetVersion, signal: AbortSignal): Promise<void> {
    const { prisma, logger } = this.#options;
    const { id } = version;
    const renewal = setInterval(() => {
      const renewed = prisma.datasetVersion.updateMany({ where: { id, state: 'CHECKING' }, data: { checkedUntil: leaseEnd() } });
      renewed.catch((error: unknown) => logger.warn({ error, versionId: id }, 'a lease could not be renewed'));
    }, lease / 3).unref();
    try {
      const outcome = await this.#outcome(version, signal);
      // A version that was given up meanwhile is somebody else's.
      if (signal.aborted) await prisma.datasetVersion.updateMany({ where: { id }, data: { checkedUntil: null } });
      else await prisma.datasetVersion.updateMany({ where: { id, state: 'CHECKING' }, data: { ...outcome, checkedUntil: null } });
    } catch (error) {
      logger.error({ error, versionId: id }, 'a dataset could not be checked; it is tried again');
    } finally {
      clearInterval(renewal);
    }
  }

  async #outcome(version: DatasetVersion, signal: AbortSignal): Promise<Prisma.DatasetVersionUpdateManyMutationInput> {
    const { bringIn, reading, logger } = this.#options;
    const process = this.#resting.pop() ?? new DataProcess();
    const stop = () => process.close();
    signal.addEventListener('abort', stop);
    try {
      const broughtIn = await bringIn.bringIn(version, signal);
      const { settings, tokenizer, validation } = await reading.of(broughtIn);
      const result = await process.ask({ type: 'check', settings, tokenizer }, checkResult);
      const heldOut =
        validation && (await process.ask({ type: 'check', settings: { ...validation, format: result.format }, tokenizer }, checkResult));
      return outcomeOf(result, heldOut ?? undefined);
    } catch (error) {
      if (!(error instanceof StudioError) && !signal.aborted)
        logger.error({ error, versionId: version.id }, 'a dataset could not be checked');
      const message = error instanceof StudioError ? error.message : 'The dataset could not be checked because of an error inside Anneal.';
      return { state: 'INVALID', problems: [wholeProblem(message)], problemCount: 1 };
    } finally {
      signal.removeEventListener('abort', stop);
      this.#resting.push(process);
    }
  }
}

const leaseEnd = (): Date => new Date(Date.now() + lease);

const wholeProblem = (message: string): RowProblem => ({ file: null, row: null, path: '', message, text: '' });

/** Ready when there is a row to train on; how many there are that cannot be used is told beside it. */
function outcomeOf(result: CheckResult, validation?: CheckResult): Prisma.DatasetVersionUpdateManyMutationInput {
  const heldOut =
    validation?.problems.map((problem) => ({ ...problem, file: `validation${problem.file ? `/${problem.file}` : ''}` })) ?? [];
  const whole = [result.brokenOff, validation?.brokenOff ?? null].filter((message) => message !== null).map(wholeProblem);
  const isUsable = whole.length === 0 && result.statistics.usableRows > 0;
  const nothing = whole.length === 0 && !isUsable ? [wholeProblem('There is no row that can be trained on.')] : [];
  return {
    state: isUsable ? 'READY' : 'INVALID',
    format: result.format,
    rows: result.rows,
    problems: [...whole, ...nothing, ...result.problems, ...heldOut],
    problemCount: whole.length + nothing.length + result.badRows + (validation?.badRows ?? 0),
    statistics: result.statistics,
    ...(validation && { splits: { validationRows: validation.rows } }),
  };
}
