import path from 'node:path';
import { bundledModelFolder, resolveModelFolder } from '@anneal/engine';
import type { ModelDescription, OwnModelFolders } from '@anneal/plugins';
import type { ModelVersion, PrismaClient } from '@anneal/prisma';
import { Invalid, Unavailable } from '../errors.ts';
import { type BaseModel, registeredModel, unregisteredModels } from '../models/base-model.ts';
import { fingerprintOf, type Inspection, type ModelInspector } from '../models/inspection.ts';
import { startingFolders } from '../models/runs-in-use.ts';
import { nearestNames } from './nearest-names.ts';

/** A model of this studio that can be asked: what is said of it, and where it lies. */
export interface OwnModel extends OwnModelFolders {
  description: ModelDescription;
  /** Of a version: its id and what is in it; empty for others, which are their folder. */
  version: string;
}

interface Rooms {
  prisma: PrismaClient;
  inspector: ModelInspector;
  dataFolder: string;
}

type Version = ModelVersion & { model: { name: string } };

/** Numbers of a model that are listed; older ones can be asked all the same. */
const listedNumbers = 20;

/**
 * The models of this studio as language models: versions of tuned models as `<model>@<alias>` and `<model>@<number>`, models that training
 * starts from as `base/<name>`. A project has its own, the bundled model, and the folders in DATA_DIR/models.
 */
export class OwnModels {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Those that can be used, by name; of each model its aliases and its newest numbers. */
  async list(projectId: string): Promise<ModelDescription[]> {
    const models = await this.#rooms.prisma.model.findMany({
      where: { projectId },
      orderBy: { name: 'asc' },
      include: {
        aliases: { orderBy: { name: 'asc' }, include: { version: true } },
        versions: { orderBy: { number: 'desc' }, take: listedNumbers },
      },
    });
    const versions = models.flatMap(({ name, aliases, versions }) => [
      ...aliases.map(({ name: alias, version }) => ({ label: alias, version: { ...version, model: { name } } })),
      ...versions.map((version) => ({ label: String(version.number), version: { ...version, model: { name } } })),
    ]);
    const tuned = versions.map(({ label, version }) => this.#tuned(version, label));
    const bases = (await this.#bases(projectId)).map((model) => describeBase(model));
    return [...(await Promise.all(tuned)), ...bases].flatMap((found) => (found instanceof Unavailable ? [] : [found.description]));
  }

  /**
   * One of them, by its name within the plugin.
   * @throws Invalid with an issue at `model` that names what there is, Unavailable when its files cannot be used
   */
  async find(projectId: string, name: string): Promise<OwnModel> {
    const found = (await this.#findTuned(projectId, name)) ?? (await this.#findBase(projectId, name));
    if (found === null) throw await this.#unknown(projectId, name);
    if (found instanceof Unavailable) throw found;
    return found;
  }

  /**
   * What answers under a name now: which version, out of which folders, and the sizes and times of their files.
   * @throws as `find`
   */
  async identityOf(projectId: string, name: string): Promise<string> {
    const { version, base, adapter } = await this.find(projectId, name);
    const folders = adapter === null ? [base] : [base, adapter];
    return JSON.stringify([version, await Promise.all(folders.map(async (folder) => [folder, await fingerprintOf(folder)]))]);
  }

  /** Every folder that a model may lie in: what the process that runs them has to read. Absolute. */
  async folders(): Promise<string[]> {
    const { prisma, dataFolder } = this.#rooms;
    const registered = await prisma.baseModel.findMany({ where: { state: 'READY' }, select: { path: true } });
    const inside = ['models', 'model-versions'].map((name) => path.join(dataFolder, name));
    return [bundledModelFolder, ...inside, ...new Set(registered.map((row) => path.resolve(dataFolder, row.path)))];
  }

  async #findTuned(projectId: string, name: string): Promise<OwnModel | Unavailable | null> {
    const at = name.lastIndexOf('@');
    if (at <= 0) return null;
    const label = name.slice(at + 1);
    const number = /^\d{1,9}$/.test(label) ? Number(label) : null;
    const model = { projectId, name: name.slice(0, at) };
    const include = { model: { select: { name: true } } } as const;
    const { modelVersion } = this.#rooms.prisma;
    const byNumber = number === null ? null : await modelVersion.findFirst({ where: { model, number }, include });
    const version = byNumber ?? (await modelVersion.findFirst({ where: { model, aliases: { some: { name: label } } }, include }));
    return version && this.#tuned(version, label);
  }

  async #findBase(projectId: string, name: string): Promise<OwnModel | Unavailable | null> {
    if (!name.startsWith(basePrefix)) return null;
    const model = (await this.#bases(projectId)).find((base) => base.name === name.slice(basePrefix.length));
    return model ? describeBase(model) : null;
  }

  async #tuned(version: Version, label: string): Promise<OwnModel | Unavailable> {
    const { dataFolder, inspector } = this.#rooms;
    const { id, contentHash, kind, number, model, notes } = version;
    const name = `${model.name}@${label}`;
    const folder = path.join(dataFolder, version.path);
    const base = kind === 'adapter' ? await this.#baseOf(version) : folder;
    if (base === null) {
      return new Unavailable(
        `Version ${number} of "${model.name}" is an adapter, and it is not known of which model. Make the version again and name its base model.`,
      );
    }
    const inspection = await inspector.inspect(base);
    if (inspection.problem !== null) return new Unavailable(`"${name}" cannot be asked: ${inspection.problem}`);
    const description = describe(name, `${model.name} ${number}`, notes, inspection);
    return { description, version: `${id} ${contentHash}`, base, adapter: kind === 'adapter' ? folder : null };
  }

  /** The folder of the model that an adapter belongs to: the registered one; without that, what its training started from. */
  async #baseOf({ baseModelId, config }: Version): Promise<string | null> {
    const { prisma, dataFolder } = this.#rooms;
    const row = baseModelId === null ? null : await prisma.baseModel.findUnique({ where: { id: baseModelId } });
    if (row?.state === 'READY') return path.resolve(dataFolder, row.path);
    const { base } = startingFolders(config);
    return base === '' ? null : resolveModelFolder(base);
  }

  /** Registered ones first: their name counts where a folder has the same. */
  async #bases(projectId: string): Promise<BaseModel[]> {
    const { prisma, dataFolder, inspector } = this.#rooms;
    const rows = await prisma.baseModel.findMany({ where: { projectId, state: 'READY' }, orderBy: { name: 'asc' } });
    const registered = await Promise.all(rows.map((row) => registeredModel(row, dataFolder, inspector)));
    const names = new Set(registered.map(({ name }) => name));
    return [...registered, ...(await unregisteredModels(dataFolder, inspector)).filter(({ name }) => !names.has(name))];
  }

  async #unknown(projectId: string, name: string): Promise<Invalid> {
    const names = (await this.list(projectId)).map(({ id }) => id);
    const near = nearestNames(name, names);
    const there = (near.length > 0 ? near : names.slice(0, 5)).map((known) => `"anneal/${known}"`);
    const message = `This project has no model "anneal/${name}". ${near.length > 0 ? 'Did you mean' : 'There is'} ${there.join(', ')}${near.length > 0 ? '?' : '.'}`;
    return new Invalid(message, [{ path: 'model', message }]);
  }
}

const basePrefix = 'base/';

function describeBase(model: BaseModel): OwnModel | Unavailable {
  const { name, problem } = model;
  if (problem !== null) return new Unavailable(`The model "${name}" cannot be asked: ${problem}`);
  return {
    description: describe(basePrefix + name, name, 'A model as it was before any tuning here.', model),
    version: '',
    base: model.path,
    adapter: null,
  };
}

const describe = (id: string, name: string, description: string, { contextLength }: Inspection): ModelDescription => ({
  id,
  name,
  description: description.slice(0, 2000),
  capabilities: ['generate', 'countTokens', 'system'],
  contextTokens: contextLength,
  // It runs here: nobody is paid.
  price: { inputPerMillion: 0, outputPerMillion: 0 },
});
