import { bundledModelFolder, type TrainingConfig } from '@anneal/engine';
import type { DatasetVersion, PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { NotFound, Unavailable } from '../errors.ts';
import { DataProcess } from './data-process.ts';
import { previewRow, type PreviewRow, rawRow, type RawRow } from './data-protocol.ts';
import { type FindModel, usableModel } from './find-model.ts';
import type { VersionReading } from './version-reading.ts';

/** Which rows: how many are passed over, and how many are read. */
export interface RowWindow {
  offset: number;
  limit: number;
}

export interface PreviewOptions extends RowWindow, Pick<TrainingConfig['data'], 'maxLength' | 'truncation' | 'lossOn'> {
  /** The model that sees them. Default: the bundled one. */
  baseModelId?: string;
}

/** Shows rows of versions, read by a process of their own. */
export class DatasetRows {
  readonly #options: { prisma: PrismaClient; reading: VersionReading; findModel: FindModel };
  readonly #process = new DataProcess();

  constructor(options: { prisma: PrismaClient; reading: VersionReading; findModel: FindModel }) {
    this.#options = options;
  }

  /**
   * Rows as they are in the file.
   * @throws NotFound, Invalid where the file cannot be read, Conflict while it is not here yet
   */
  async rows(viewer: Viewer, versionId: string, { offset, limit }: RowWindow): Promise<RawRow[]> {
    const settings = this.#options.reading.settingsOf(await this.#readable(viewer, versionId));
    return this.#process.ask({ type: 'rows', settings, offset, limit }, z.array(rawRow));
  }

  /**
   * Rows as the model will see them: the template applied, token by token, with those that the loss is taken on.
   * @throws as `rows`, and NotFound, Conflict for the model
   */
  async preview(viewer: Viewer, versionId: string, options: PreviewOptions): Promise<PreviewRow[]> {
    const { offset, limit, baseModelId, ...how } = options;
    const settings = { ...this.#options.reading.settingsOf(await this.#readable(viewer, versionId)), ...how };
    const { path: tokenizer } =
      baseModelId === undefined ? { path: bundledModelFolder } : await usableModel(this.#options.findModel, viewer, baseModelId);
    return this.#process.ask({ type: 'preview', settings, tokenizer, offset, limit }, z.array(previewRow));
  }

  close(): void {
    this.#process.close();
  }

  async #readable(viewer: Viewer, id: string): Promise<DatasetVersion> {
    const found = await this.#options.prisma.datasetVersion.findUnique({ where: { id }, include: { dataset: true } });
    const what = `dataset version ${id}`;
    if (!found) throw new NotFound(`There is no ${what}.`);
    const { dataset, ...version } = found;
    requireRole(viewer, { projectId: dataset.projectId, role: 'VIEWER', scope: 'read', what });
    if (version.path === '')
      throw new Unavailable(
        `Version ${version.number} has not come in${version.state === 'CHECKING' ? ' yet' : ''}; there is nothing to show.`,
      );
    return version;
  }
}
