import path from 'node:path';
import { bundledModelFolder } from '@anneal/engine';
import type { DatasetVersion, PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import type { FileService } from '../files/files.ts';
import { bundledId, needsNoRegistration } from '../models/base-model.ts';
import { validationFolder } from './version-files.ts';

/** The part of a training configuration's `data` that says where rows are and how they are read. */
export type ReadingSettings = {
  /** Absolute. */
  path: string;
  format: string;
  columns: Record<string, string>;
  /** Of encrypted files; else empty. */
  keyFile: string;
};

export interface Reading {
  settings: ReadingSettings;
  /** Rows that are held out, where they have files of their own. */
  validation: ReadingSettings | null;
  /** Folder of the model whose tokenizer counts. */
  tokenizer: string;
}

const columnMap = z.record(z.string(), z.string()).catch({});

/** How a version's rows are divided. */
export const storedSplits = z
  .object({ validationShare: z.number().optional(), validationRows: z.int().optional(), hasValidation: z.boolean().optional() })
  .catch({});

/** Where the files of versions are, and how they are read. */
export class VersionReading {
  readonly #options: { prisma: PrismaClient; files: FileService; dataFolder: string };

  constructor(options: { prisma: PrismaClient; files: FileService; dataFolder: string }) {
    this.#options = options;
  }

  folderOf(version: Pick<DatasetVersion, 'path'>): string {
    return path.join(this.#options.dataFolder, version.path);
  }

  async of(version: DatasetVersion): Promise<Reading> {
    const settings = this.settingsOf(version);
    const tokenizer = await this.#tokenizer(version.tokenizerOf);
    return { settings, validation: this.validationOf(version), tokenizer };
  }

  settingsOf(version: DatasetVersion): ReadingSettings {
    return {
      path: this.folderOf(version),
      format: version.format || 'auto',
      columns: columnMap.parse(version.columns),
      keyFile: version.isEncrypted ? this.#options.files.keyFile : '',
    };
  }

  validationOf(version: DatasetVersion): ReadingSettings | null {
    const { hasValidation, validationRows } = storedSplits.parse(version.splits);
    if (!hasValidation && validationRows === undefined) return null;
    return { ...this.settingsOf(version), path: validationFolder(this.folderOf(version)) };
  }

  /** A model that is gone meanwhile is no reason to refuse a dataset. */
  async #tokenizer(baseModelId: string | null): Promise<string> {
    const { prisma, dataFolder } = this.#options;
    if (baseModelId === null || baseModelId === bundledId) return bundledModelFolder;
    if (needsNoRegistration(baseModelId)) return path.join(dataFolder, baseModelId);
    const model = await prisma.baseModel.findUnique({ where: { id: baseModelId }, select: { path: true } });
    return model ? path.resolve(dataFolder, model.path) : bundledModelFolder;
  }
}
