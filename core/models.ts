import type { PrismaClient } from '@anneal/prisma';
import { OwnModels } from './language-models/own-models.ts';
import type { Logger } from './logger.ts';
import { BaseModelService } from './models/base-models.ts';
import { HubDownloads } from './models/hub-downloads.ts';
import { ModelInspector } from './models/inspection.ts';
import { AliasService } from './model-versions/aliases.ts';
import { ModelService } from './model-versions/models.ts';
import { VersionFolders } from './model-versions/version-folders.ts';
import { ModelVersionService } from './model-versions/versions.ts';
import type { Bus } from './streams/bus.ts';
import type { UploadService } from './uploads/uploads.ts';

/** What a studio trains from, and what it keeps of what was trained. */
export interface Models {
  readonly baseModels: BaseModelService;
  readonly models: ModelService;
  readonly modelVersions: ModelVersionService;
  readonly modelAliases: AliasService;
}

export interface ModelParts {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  dataFolder: string;
  folderOf: (runId: string) => string;
  uploads: UploadService;
}

/**
 * @returns downloading: the duty to fetch what is wanted from the Hub; sweepModels: removes what deleted versions have left; ownModels: those
 * that can be asked
 */
export function createModels({ prisma, bus, logger, dataFolder, folderOf, uploads }: ModelParts): Models & {
  downloading: HubDownloads;
  ownModels: OwnModels;
  sweepModels: () => Promise<void>;
} {
  const inspector = new ModelInspector();
  const downloading = new HubDownloads({ prisma, bus, logger, inspector, dataFolder });
  const folders = new VersionFolders(dataFolder);
  return {
    baseModels: new BaseModelService({ prisma, bus, inspector, downloads: downloading, dataFolder }),
    models: new ModelService(prisma, folders),
    modelVersions: new ModelVersionService({ prisma, folders, uploads, runFolderOf: folderOf }),
    modelAliases: new AliasService(prisma),
    downloading,
    ownModels: new OwnModels({ prisma, inspector, dataFolder }),
    sweepModels: () => folders.sweep(async (id) => (await prisma.modelVersion.count({ where: { id } })) > 0),
  };
}
