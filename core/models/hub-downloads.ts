import { mkdirSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { claim, downloadHubModel, EngineError, findHubModel } from '@anneal/engine';
import type { Prisma, PrismaClient } from '@anneal/prisma';
import { StudioError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Duty } from '../servers/duties.ts';
import type { Bus } from '../streams/bus.ts';
import { hubFolder } from './base-model.ts';
import { freeSpaceFor } from './free-space.ts';
import type { ModelInspector } from './inspection.ts';

export interface HubDownloadsOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  inspector: ModelInspector;
  dataFolder: string;
}

/** Between two looks at whether a download is still wanted, and two notes of how far it is. Milliseconds. */
const noteInterval = 250;
/** Between two looks for what is to be done. Milliseconds. */
const lookInterval = 5000;

/** One commit of a model on its way, for all projects that wait for it. */
interface Download {
  stop: AbortController;
  done: Promise<void>;
}

/**
 * Fetches what models are DOWNLOADING from the Hub, a folder a commit, and removes what no model has any more. The rows say what is
 * wanted, the folders what is there: after a restart everything goes on where it was.
 */
export class HubDownloads implements Duty {
  readonly #options: HubDownloadsOptions;
  /** By path, relative to the data folder. */
  readonly #downloads = new Map<string, Download>();
  #end: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isAsked = false;

  constructor(options: HubDownloadsOptions) {
    this.#options = options;
  }

  /** Goes on with what was under way. */
  async start(): Promise<void> {
    const stopListening = this.#options.bus.topic('queue').listenToAll(this.#ask);
    const timer = setInterval(this.#ask, lookInterval).unref();
    this.#end = () => {
      stopListening();
      clearInterval(timer);
    };
    this.#ask();
    await this.#looking;
  }

  /** Ends what runs in this process; it goes on with the next start. */
  async stop(): Promise<void> {
    this.#end?.();
    this.#end = undefined;
    for (const { stop } of this.#downloads.values()) stop.abort();
    await this.#looking;
    await Promise.all([...this.#downloads.values()].map(({ done }) => done));
  }

  /** Whichever server has this duty looks soon. */
  readonly wake = (): void => this.#options.bus.topic('queue').publish('');

  readonly #ask = (): void => {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: unknown) => this.#options.logger.error({ error }, 'downloads could not be looked after; it is tried again'));
  };

  async #look(): Promise<void> {
    this.#isAsked = false;
    if (!this.#end) return;
    const rows = await this.#options.prisma.baseModel.findMany({ where: { source: 'HUB' } });
    for (const { path: place, state, hubId, commit } of rows) {
      if (state === 'DOWNLOADING' && hubId !== null && commit !== null && !this.#downloads.has(place)) this.#begin(place, hubId, commit);
    }
    const wanted = new Set(rows.map(({ path: place }) => place));
    for (const place of await this.#places()) if (!wanted.has(place)) await this.#remove(place);
  }

  /** Commits of which there is anything in the data folder. */
  async #places(): Promise<string[]> {
    const root = this.#absolute(hubFolder);
    const models = await fs.readdir(root).catch(() => []);
    const places = models.map(async (model) => {
      const names = await fs.readdir(path.join(root, model)).catch(() => []);
      return [...new Set(names.map((name) => `${hubFolder}/${model}/${name.split('.', 1).join()}`))];
    });
    return (await Promise.all(places)).flat();
  }

  /** Removes the files of a commit. */
  async #remove(place: string): Promise<void> {
    const running = this.#downloads.get(place);
    running?.stop.abort();
    await running?.done;
    const release = this.#claim(place);
    if (!release) return;
    const folder = this.#absolute(place);
    try {
      for (const gone of [folder, partialOf(folder)]) await fs.rm(gone, { recursive: true, force: true });
    } finally {
      release();
    }
    // The folder of the model, when this was its last commit.
    await fs.rmdir(path.dirname(folder)).catch(() => undefined);
  }

  #begin(place: string, hubId: string, commit: string): void {
    const stop = new AbortController();
    const done = this.#download(place, hubId, commit, stop)
      .catch((error: unknown) => this.#options.logger.error({ error, model: hubId }, 'a download could not be noted'))
      .finally(() => this.#downloads.delete(place));
    this.#downloads.set(place, { stop, done });
  }

  async #download(place: string, hubId: string, commit: string, stop: AbortController): Promise<void> {
    const release = this.#claim(place);
    if (!release) return;
    const note = this.#noting(place, stop);
    try {
      await this.#fetch(place, hubId, commit, stop.signal, (received) => (note.received = received));
      await note.end();
      const { problem, architecture, parameters, bytes } = await this.#options.inspector.inspect(this.#absolute(place));
      const ready = { state: 'READY', problem, architecture, parameters, bytes, receivedBytes: bytes } as const;
      await this.#settle(place, problem === null ? ready : { state: 'FAILED', problem });
    } catch (error) {
      await note.end();
      if (stop.signal.aborted) return;
      const isForPeople = error instanceof EngineError || error instanceof StudioError;
      if (!isForPeople) this.#options.logger.error({ error, model: hubId }, 'a download failed');
      const problem = isForPeople ? error.message : 'The download failed; the log of the server says why.';
      await this.#settle(place, { state: 'FAILED', problem });
    } finally {
      release();
    }
  }

  async #fetch(place: string, hubId: string, commit: string, signal: AbortSignal, onProgress: (received: number) => void): Promise<void> {
    const folder = this.#absolute(place);
    if (await isFolder(folder)) return;
    const partial = partialOf(folder);
    await fs.mkdir(partial, { recursive: true });
    const model = await findHubModel(hubId, commit);
    signal.throwIfAborted();
    await freeSpaceFor(partial, model.bytes - (await bytesIn(partial)));
    await downloadHubModel(model, partial, { signal, onProgress });
    await fs.rename(partial, folder);
  }

  /** Writes down now and then how far it is, and stops it when nobody waits for it any more. */
  #noting(place: string, stop: AbortController): { received: number; end: () => Promise<void> } {
    const { prisma } = this.#options;
    let noted = -1;
    let turn = Promise.resolve();
    const look = async () => {
      const { received } = note;
      const waiting = await this.#wanting(place);
      if (waiting.length === 0) stop.abort();
      if (received === noted || waiting.length === 0) return;
      noted = received;
      await prisma.baseModel.updateMany({ where: { path: place, state: 'DOWNLOADING' }, data: { receivedBytes: received } });
      this.#tell(waiting);
    };
    const timer = setInterval(() => {
      turn = turn.then(look).catch((error: unknown) => this.#options.logger.error({ error }, 'the progress of a download cannot be noted'));
    }, noteInterval);
    const note = {
      received: 0,
      end: async () => {
        clearInterval(timer);
        await turn;
      },
    };
    return note;
  }

  async #settle(place: string, data: Prisma.BaseModelUpdateManyMutationInput): Promise<void> {
    const waiting = await this.#wanting(place);
    await this.#options.prisma.baseModel.updateMany({ where: { path: place, state: 'DOWNLOADING' }, data });
    this.#tell(waiting);
  }

  async #wanting(place: string): Promise<string[]> {
    const rows = await this.#options.prisma.baseModel.findMany({ where: { path: place, state: 'DOWNLOADING' }, select: { id: true } });
    return rows.map(({ id }) => id);
  }

  #tell(ids: readonly string[]): void {
    for (const id of ids) this.#options.bus.topic('baseModel').publish(id);
  }

  /** @returns gives it back; undefined when another process has it. */
  #claim(place: string): (() => void) | undefined {
    const file = `${this.#absolute(place)}.owner.json`;
    mkdirSync(path.dirname(file), { recursive: true });
    try {
      claim(file, ({ pid }) => `The process ${pid} works on ${place}.`);
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
    return () => rmSync(file, { force: true });
  }

  #absolute(place: string): string {
    return path.join(this.#options.dataFolder, place);
  }
}

/** Where a commit lies while it is not whole. */
const partialOf = (folder: string): string => `${folder}.partial`;

const isFolder = async (folder: string): Promise<boolean> => (await fs.stat(folder).catch(() => null))?.isDirectory() ?? false;

/** Of the files right in a folder. */
async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await fs.readdir(folder)).map(async (name) => (await fs.stat(path.join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
