import fs from 'node:fs/promises';
import path from 'node:path';
import { type DeviceFit, EngineError, findHubModel, type HubModel, isFinalAnswer } from '@anneal/engine';
import type { BaseModel as BaseModelRow, Prisma, PrismaClient } from '@anneal/prisma';
import { requireRole, visibleTo } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Forbidden, Invalid, NotFound, Unavailable } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Bus } from '../streams/bus.ts';
import { pause, Wake } from '../streams/wake.ts';
import { type BaseModel, bundledId, hubFolder, needsNoRegistration, registeredModel, unregisteredModels } from './base-model.ts';
import { freeSpaceFor } from './free-space.ts';
import type { HubDownloads } from './hub-downloads.ts';
import type { ModelInspector } from './inspection.ts';
import { goingRuns, startingFolders } from './runs-in-use.ts';
import { uniquely } from '../uniquely.ts';

export interface BaseModelServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  inspector: ModelInspector;
  downloads: HubDownloads;
  dataFolder: string;
}

/** Between two messages about the same download. Milliseconds. */
const progressInterval = 250;

/** Models that training can start from: the bundled one, folders in DATA_DIR/models, and what projects have registered. */
export class BaseModelService {
  readonly #options: BaseModelServiceOptions;

  constructor(options: BaseModelServiceOptions) {
    this.#options = options;
  }

  /** What somebody may start from: that of everybody, then that of their projects by name. @param projectId only of this one */
  async list(viewer: Viewer, projectId?: string): Promise<BaseModel[]> {
    const { prisma, dataFolder, inspector } = this.#options;
    const where = { AND: [visibleTo(viewer), projectId === undefined ? {} : { projectId }] };
    const rows = await prisma.baseModel.findMany({ where, orderBy: [{ name: 'asc' }, { id: 'asc' }] });
    const registered = rows.map((row) => registeredModel(row, dataFolder, inspector));
    return [...(await unregisteredModels(dataFolder, inspector)), ...(await Promise.all(registered))];
  }

  /** One of them; null when there is none, or it is nobody's business. */
  async find(viewer: Viewer | null, id: string): Promise<BaseModel | null> {
    return (await this.findAll(viewer, [id]))[0] ?? null;
  }

  /** Those with these ids, in their order. */
  async findAll(viewer: Viewer | null, ids: readonly string[]): Promise<(BaseModel | null)[]> {
    const { prisma, dataFolder, inspector } = this.#options;
    if (!viewer) return ids.map(() => null);
    const rows = await prisma.baseModel.findMany({ where: { id: { in: [...ids] }, ...visibleTo(viewer) } });
    const everybodys = ids.some(needsNoRegistration) ? await unregisteredModels(dataFolder, inspector) : [];
    const registered = await Promise.all(rows.map((row) => registeredModel(row, dataFolder, inspector)));
    const found = new Map([...everybodys, ...registered].map((model) => [model.id, model]));
    return ids.map((id) => found.get(id) ?? null);
  }

  /** How it can be trained on this machine; empty while it cannot be used. */
  async fits({ state, path: folder }: BaseModel): Promise<DeviceFit[]> {
    return state === 'READY' ? this.#options.inspector.fits(folder) : [];
  }

  /**
   * The folder that a run trains from which names a registered model.
   * @throws NotFound, Conflict while it is being downloaded or when it needs no id, Invalid when it cannot be used
   */
  async trainingFolder(viewer: Viewer, id: string): Promise<{ projectId: string; path: string }> {
    if (id === bundledId) throw new Conflict('The bundled model needs no id: put "bundled" into model.base of the configuration.');
    const model = await this.find(viewer, id);
    if (!model) throw new NotFound(`There is no base model ${id}.`);
    const { projectId, name, state, problem } = model;
    if (projectId === null)
      throw new Conflict(`"${name}" belongs to no project yet. Register it with registerBaseModel, then name it by its id.`);
    if (state === 'DOWNLOADING') throw new Conflict(`The model "${name}" is still being downloaded. Start when it is here.`);
    if (problem !== null) throw new Invalid(problem, [{ path: 'baseModelId', message: problem }]);
    return { projectId, path: model.path };
  }

  /**
   * Registers a folder of this machine: one in DATA_DIR/models, or for administrators any.
   * @param input path: absolute, or relative to the data folder; name: 1–100 characters, default: that of the folder
   * @throws Invalid, Conflict when the name is taken, Forbidden for those who may not name folders of this machine
   */
  async register(viewer: Viewer, { projectId, path: given, name }: { projectId: string; path: string; name?: string }): Promise<BaseModel> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const { dataFolder, inspector } = this.#options;
    const asked = path.resolve(dataFolder, given);
    if (!viewer.isAdministrator && path.dirname(asked) !== path.join(dataFolder, 'models')) {
      throw new Forbidden(
        'Folders of the server are for its administrators, except those in DATA_DIR/models. Download the model from the Hub, or ask one of them.',
      );
    }
    const folder = await existingFolder(asked);
    const { problem, architecture, parameters, bytes } = await inspector.inspect(folder);
    if (problem !== null) throw new Invalid(problem, [{ path: 'path', message: problem }]);
    const known = { architecture, parameters, bytes, receivedBytes: bytes };
    const stored = { source: 'FOLDER', state: 'READY', path: within(dataFolder, folder) } as const;
    return this.#create(viewer, 'registerBaseModel', { ...stored, ...known, projectId, name: validName(name ?? path.basename(folder)) });
  }

  /**
   * Registers a model of the Hugging Face Hub and begins to download it: configuration, tokenizer and safetensors, never what could run code.
   * @param input revision: branch, tag or commit, default main; name: default the id
   * @throws Invalid when the Hub has no such model or not in a form that is read, Unavailable when it does not answer or the disk is too
   * small, Conflict when the model or the name is there already, Forbidden for viewers
   */
  async download(viewer: Viewer, input: { projectId: string; hubId: string; revision?: string; name?: string }): Promise<BaseModel> {
    const { projectId, hubId, revision = 'main' } = input;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'write' });
    const name = validName(input.name ?? hubId);
    const { prisma, downloads, dataFolder } = this.#options;
    const { commit, bytes } = await lookUp(hubId, revision);
    const place = `${hubFolder}/${hubId.replace('/', '--')}/${commit}`;
    const same = await prisma.baseModel.findFirst({ where: { projectId, path: place } });
    if (same) throw new Conflict(`This project has that commit of ${hubId} already, under the name "${same.name}".`);
    const { _sum: others } = await prisma.baseModel.aggregate({
      where: { state: 'DOWNLOADING' },
      _sum: { bytes: true, receivedBytes: true },
    });
    const promised = (others.bytes ?? 0) - (others.receivedBytes ?? 0);
    await freeSpaceFor(dataFolder, bytes + promised);
    const stored = { source: 'HUB', state: 'DOWNLOADING', path: place, hubId, revision, commit, bytes } as const;
    const model = await this.#create(viewer, 'downloadBaseModel', { ...stored, projectId, name });
    downloads.wake();
    return model;
  }

  /**
   * Ends a download; what has come is kept for the next attempt.
   * @throws NotFound, Conflict when it is not being downloaded, Forbidden for viewers
   */
  async cancelDownload(viewer: Viewer, id: string): Promise<BaseModel> {
    return this.#changeDownload(viewer, 'cancelBaseModelDownload', id, ({ name, state }) => {
      if (state !== 'DOWNLOADING') throw new Conflict(`The model "${name}" is not being downloaded; there is nothing to cancel.`);
      return { state: 'FAILED', problem: 'The download was cancelled. Resume it, or delete the model.' };
    });
  }

  /**
   * Goes on with a download that failed or was cancelled. One that is under way is left as it is.
   * @throws NotFound, Conflict when there is nothing to download, Forbidden for viewers
   */
  async resumeDownload(viewer: Viewer, id: string): Promise<BaseModel> {
    return this.#changeDownload(viewer, 'resumeBaseModelDownload', id, ({ name, state, source }) => {
      if (source !== 'HUB') throw new Conflict(`The model "${name}" is a folder of the server; there is nothing to download.`);
      if (state === 'READY') throw new Conflict(`The model "${name}" is here already.`);
      return { state: 'DOWNLOADING', problem: null };
    });
  }

  /**
   * Forgets a registered model, and removes what was downloaded for it unless another project uses it. A folder of the server stays.
   * @throws NotFound, Conflict while a run that has not ended starts from it, Forbidden for viewers
   */
  async delete(viewer: Viewer, id: string): Promise<void> {
    const { prisma, downloads, dataFolder } = this.#options;
    await prisma.$transaction(async (transaction) => {
      const found = await this.#forChange(transaction, viewer, id);
      const folder = path.resolve(dataFolder, found.path);
      const user = (await goingRuns(transaction)).find(
        ({ baseModelId, projectId, config }) =>
          baseModelId === id || (projectId === found.projectId && startingFolders(config).base === folder),
      );
      if (user) throw new Conflict(`The run "${user.name}" starts from "${found.name}" and has not ended. Cancel it first, or wait.`);
      await transaction.baseModel.delete({ where: { id } });
      await this.#audit(transaction, viewer, 'deleteBaseModel', found);
    });
    this.#options.bus.topic('baseModel').publish(id);
    downloads.wake();
  }

  /** How a download goes, at once and whenever it is further, until it ends in whatever way. */
  async *follow(viewer: Viewer, id: string, signal?: AbortSignal): AsyncGenerator<BaseModel, undefined> {
    const wake = new Wake();
    const stop = this.#options.bus.topic('baseModel').listen(id, wake.ring);
    try {
      while (!signal?.aborted) {
        wake.reset();
        const model = await this.find(viewer, id);
        if (model) yield model;
        if (model?.state !== 'DOWNLOADING') return;
        await wake.wait(signal);
        await pause(progressInterval, signal);
      }
    } finally {
      stop();
    }
  }

  async #create(
    viewer: Viewer,
    action: string,
    data: Omit<Prisma.BaseModelUncheckedCreateInput, 'id' | 'createdById'>,
  ): Promise<BaseModel> {
    const { prisma, dataFolder, inspector } = this.#options;
    const row = await uniquely('a base model', data.name, () =>
      prisma.$transaction(async (transaction) => {
        const created = await transaction.baseModel.create({ data: { ...data, id: newId(), createdById: viewer.userId } });
        await this.#audit(transaction, viewer, action, created);
        return created;
      }),
    );
    return registeredModel(row, dataFolder, inspector);
  }

  async #changeDownload(
    viewer: Viewer,
    action: string,
    id: string,
    choose: (row: BaseModelRow) => Pick<Prisma.BaseModelUncheckedUpdateInput, 'state' | 'problem'>,
  ): Promise<BaseModel> {
    const { prisma, bus, downloads, dataFolder, inspector } = this.#options;
    const row = await prisma.$transaction(async (transaction) => {
      const before = await this.#forChange(transaction, viewer, id);
      const changed = await transaction.baseModel.update({ where: { id }, data: choose(before) });
      await this.#audit(transaction, viewer, action, before);
      return changed;
    });
    bus.topic('baseModel').publish(id);
    downloads.wake();
    return registeredModel(row, dataFolder, inspector);
  }

  async #forChange(transaction: Prisma.TransactionClient, viewer: Viewer, id: string): Promise<BaseModelRow> {
    const row = await transaction.baseModel.findUnique({ where: { id } });
    if (!row) {
      if (!needsNoRegistration(id)) throw new NotFound(`There is no base model ${id}.`);
      throw new Conflict(`"${id}" is there without registration: whoever looks after the server may remove its folder.`);
    }
    requireRole(viewer, { projectId: row.projectId, role: 'EDITOR', scope: 'write', what: `base model ${id}` });
    return row;
  }

  async #audit(transaction: Prisma.TransactionClient, viewer: Viewer, action: string, row: BaseModelRow): Promise<void> {
    const { id, projectId, name, hubId, commit } = row;
    const details = { name, ...(hubId !== null && { hubId, commit }) };
    await audit(transaction, viewer, { action, projectId, subject: { type: 'BaseModel', id }, details });
  }
}

function validName(given: string): string {
  const name = given.trim();
  const message =
    name.length < 1 || name.length > 100
      ? 'A name has 1 to 100 characters.'
      : name === bundledId
        ? `"${bundledId}" is the model that comes with the studio. Choose another name.`
        : null;
  if (message !== null) throw new Invalid(message, [{ path: 'name', message }]);
  return name;
}

/** The folder that a path leads to, links followed. */
async function existingFolder(given: string): Promise<string> {
  const folder = await fs.realpath(given).catch(() => null);
  if (folder !== null && (await fs.stat(folder)).isDirectory()) return folder;
  const message = `There is no folder ${given} on the machine of the server. Give the path of a Hugging Face model folder.`;
  throw new Invalid(message, [{ path: 'path', message }]);
}

/** Relative where it lies in the data folder, so that this may be moved. */
function within(dataFolder: string, folder: string): string {
  const relative = path.relative(dataFolder, folder);
  return relative === '' || relative.startsWith('..') || path.isAbsolute(relative) ? folder : relative;
}

async function lookUp(hubId: string, revision: string): Promise<HubModel> {
  try {
    return await findHubModel(hubId, revision);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (!isFinalAnswer(error)) throw new Unavailable(error.message, { cause: error });
    throw new Invalid(error.message, [{ path: 'hubId', message: error.message }], { cause: error });
  }
}
