import { type TrainingConfig, trainingConfigSchema } from '@anneal/engine';
import type { DatasetVersion, Prisma, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { type ReadingSettings, storedSplits, type VersionReading } from './version-reading.ts';

const formatSchema = trainingConfigSchema.shape.data.unwrap().shape.format;

/** What a run's configuration has of the version that it trains on. It overrides whatever else was asked for in these fields. */
export interface TrainingFile {
  projectId: string;
  version: DatasetVersion;
  /** Paths are absolute. `validationShare` only where the version says it. */
  data: Pick<TrainingConfig['data'], 'path' | 'format' | 'columns' | 'keyFile' | 'validationPath'> &
    Partial<Pick<TrainingConfig['data'], 'validationShare'>>;
}

/** How runs use versions of datasets. */
export class DatasetUse {
  readonly #prisma: PrismaClient;
  readonly #reading: VersionReading;

  constructor(prisma: PrismaClient, reading: VersionReading) {
    this.#prisma = prisma;
    this.#reading = reading;
  }

  /**
   * What goes into `config.data` of a run, when it is started and again when its worker is. Every row was looked at: the configuration's
   * own check of the dataset need not be done again.
   * @param badRows of the configuration
   * @throws NotFound, Forbidden for viewers, Conflict while it is being checked, Invalid when it cannot be used
   */
  async trainingFile(viewer: Viewer, versionId: string, badRows: TrainingConfig['data']['badRows'] = 'fail'): Promise<TrainingFile> {
    const found = await this.#prisma.datasetVersion.findUnique({ where: { id: versionId }, include: { dataset: true } });
    const what = `dataset version ${versionId}`;
    if (!found) throw new NotFound(`There is no ${what}.`);
    const { dataset, ...version } = found;
    const { projectId } = dataset;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'train', what });
    const name = `Version ${version.number} of "${dataset.name}"`;
    const refuse = (message: string) => new Invalid(message, [{ path: 'datasetVersionId', message }]);
    if (version.state === 'CHECKING') throw new Conflict(`${name} is still being checked. Start when it is ready.`);
    if (version.state === 'INVALID') throw refuse(`${name} cannot be trained on; its problems say why.`);
    if (version.problemCount > 0 && badRows === 'fail') {
      const rows = version.problemCount === 1 ? '1 row' : `${version.problemCount} rows`;
      throw refuse(`${name} has ${rows} that cannot be used. Mend them in a new version, or set data.badRows to "skip" to leave them out.`);
    }
    return { projectId, version, data: this.#data(version) };
  }

  /**
   * How the rows of a version are read that prompts are asked for. Those that cannot be trained on are rows, too.
   * @throws NotFound, Forbidden for viewers, Conflict while it is being checked, Invalid when there is nothing to read
   */
  async rowSource(viewer: Viewer, versionId: string): Promise<{ projectId: string; rows: number; settings: ReadingSettings }> {
    const found = await this.#prisma.datasetVersion.findUnique({ where: { id: versionId }, include: { dataset: true } });
    const what = `dataset version ${versionId}`;
    if (!found) throw new NotFound(`There is no ${what}.`);
    const { dataset, ...version } = found;
    requireRole(viewer, { projectId: dataset.projectId, role: 'EDITOR', scope: 'execute', what });
    const name = `Version ${version.number} of "${dataset.name}"`;
    if (version.state === 'CHECKING') throw new Conflict(`${name} is still being checked. Begin when it is ready.`);
    if (version.path === '' || !version.rows) {
      const message = `${name} has no rows that can be read; its problems say why.`;
      throw new Invalid(message, [{ path: 'datasetVersionId', message }]);
    }
    return { projectId: dataset.projectId, rows: version.rows, settings: this.#reading.settingsOf(version) };
  }

  /**
   * Notes that a run uses a version, in the transaction that makes the run: from then on the version cannot be deleted until the run has
   * ended.
   * @throws Conflict when it was deleted meanwhile
   */
  async hold(transaction: Prisma.TransactionClient, versionId: string): Promise<void> {
    const { count } = await transaction.datasetVersion.updateMany({
      where: { id: versionId, state: 'READY' },
      data: { lastUsedAt: new Date() },
    });
    if (count === 0) throw new Conflict('The dataset version was deleted meanwhile.');
  }

  #data(version: DatasetVersion): TrainingFile['data'] {
    const { path, columns, keyFile } = this.#reading.settingsOf(version);
    const validation = this.#reading.validationOf(version);
    const { validationShare } = storedSplits.parse(version.splits);
    return {
      path,
      format: formatSchema.parse(version.format),
      columns,
      keyFile,
      validationPath: validation?.path ?? '',
      ...(validationShare !== undefined && { validationShare }),
    };
  }
}
