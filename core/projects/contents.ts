import type { Prisma } from '@anneal/prisma';

/** Files that nothing points to any more once a project is gone. */
export interface ProjectFiles {
  /** Their folders are to go. */
  runIds: string[];
  /** Files and folders, relative to the data folder. */
  paths: string[];
}

/**
 * Deletes the rows of everything in a project, in an order in which no row is left that points to one that is gone.
 * @returns files that no other project uses
 */
export async function deleteContents(transaction: Prisma.TransactionClient, projectId: string): Promise<ProjectFiles> {
  const runs = await transaction.run.findMany({ where: { projectId }, select: { id: true } });
  const ofDatasets = await transaction.datasetVersion.findMany({ where: { dataset: { projectId } }, select: { id: true, path: true } });
  const ofModels = await transaction.modelVersion.findMany({ where: { model: { projectId } }, select: { path: true } });
  const uploads = await transaction.upload.findMany({ where: { projectId }, select: { id: true } });

  await transaction.modelAlias.deleteMany({ where: { model: { projectId } } });
  await transaction.model.deleteMany({ where: { projectId } });
  await transaction.run.deleteMany({ where: { projectId } });
  await transaction.experiment.deleteMany({ where: { projectId } });
  await transaction.dataset.deleteMany({ where: { projectId } });
  await transaction.baseModel.deleteMany({ where: { projectId } });
  await transaction.upload.deleteMany({ where: { projectId } });
  await transaction.apiKey.deleteMany({ where: { projectId } });

  // The same content may be stored once for several projects.
  // What has not come in yet has a folder, but no path; an empty one would be the data folder itself.
  const places = [...[...ofDatasets, ...ofModels].map(({ path }) => path), ...ofDatasets.map(({ id }) => `datasets/${id}`)];
  const candidates = [...new Set(places)].filter((path) => path !== '');
  const stillUsed = new Set(
    [
      ...(await transaction.datasetVersion.findMany({ where: { path: { in: candidates } }, select: { path: true } })),
      ...(await transaction.modelVersion.findMany({ where: { path: { in: candidates } }, select: { path: true } })),
    ].map(({ path }) => path),
  );
  const unused = candidates.filter((path) => !stillUsed.has(path));
  return { runIds: runs.map(({ id }) => id), paths: [...unused, ...uploads.map(({ id }) => `uploads/${id}`)] };
}
