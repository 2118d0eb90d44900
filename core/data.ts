import { isShared, type PrismaClient } from '@anneal/prisma';
import type { StudioConfig } from './config.ts';
import { BringIn } from './datasets/bring-in.ts';
import { DatasetChecks } from './datasets/dataset-checks.ts';
import { DatasetRows } from './datasets/dataset-rows.ts';
import { DatasetUse } from './datasets/dataset-use.ts';
import { DatasetVersionService } from './datasets/dataset-versions.ts';
import { DatasetService } from './datasets/datasets.ts';
import { removeStrayFolders } from './datasets/stray-folders.ts';
import { VersionDeletion } from './datasets/version-deletion.ts';
import { VersionReading } from './datasets/version-reading.ts';
import { FileService } from './files/files.ts';
import { FileLinks } from './files/links.ts';
import { keyFile } from './keys/key-file.ts';
import type { Logger } from './logger.ts';
import type { FindModel } from './datasets/find-model.ts';
import { UploadService } from './uploads/uploads.ts';

/** Files, what comes in as files, and datasets. */
export interface Data {
  readonly links: FileLinks;
  readonly files: FileService;
  readonly uploads: UploadService;
  readonly datasets: DatasetService;
  readonly datasetVersions: DatasetVersionService;
  readonly datasetRows: DatasetRows;
  readonly datasetUse: DatasetUse;
}

export interface DataParts {
  config: StudioConfig;
  prisma: PrismaClient;
  logger: Logger;
  findModel: FindModel;
  /** Lets datasets be fetched from 127.0.0.1: for tests, which have no other server. */
  allowLoopbackUrls?: boolean;
}

/** @returns startData: goes on with the checks that were under way; closeData: leaves them for the next studio. */
export function createData({ config, prisma, logger, findModel, allowLoopbackUrls: allowLoopback }: DataParts): Data & {
  startData: () => Promise<void>;
  closeData: () => Promise<void>;
} {
  const { dataFolder, uploadLimitBytes: limitBytes, encryptFiles: encrypts, allowedUrlHosts: allowedHosts } = config;
  const urlRules = { allowedHosts, limitBytes, allowLoopback };
  const links = new FileLinks(keyFile(dataFolder, 'links'));
  const files = new FileService(dataFolder);
  const uploads = new UploadService({ prisma, files, links, logger, dataFolder, limitBytes, encrypts });
  const reading = new VersionReading({ prisma, files, dataFolder });
  const bringIn = new BringIn({ prisma, files, uploads, dataFolder, encrypts, urlRules });
  const checks = new DatasetChecks({ prisma, logger, reading, bringIn, isAlone: !isShared(config.databaseUrl) });
  const deletion = new VersionDeletion({ prisma, checks, dataFolder });
  const datasetRows = new DatasetRows({ prisma, reading, findModel });
  return {
    links,
    files,
    uploads,
    datasets: new DatasetService(prisma, deletion),
    datasetVersions: new DatasetVersionService({ prisma, uploads, findModel, checks, deletion, encrypts, urlRules }),
    datasetRows,
    datasetUse: new DatasetUse(prisma, reading),
    startData: async () => {
      await uploads.sweep();
      await removeStrayFolders(prisma, dataFolder);
      await checks.start();
    },
    closeData: async () => {
      await checks.close();
      datasetRows.close();
      await uploads.close();
    },
  };
}
