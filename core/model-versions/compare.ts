import type { PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { visibleTo } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid, NotFound } from '../errors.ts';
import { compareKeys, unitOf } from '../metrics/keys.ts';
import { compareConfigs, type ConfigDifference } from '../runs/compare-configs.ts';

export interface ModelVersionComparison {
  versionIds: string[];
  /** Fields of the training configurations that are not the same in all. */
  config: ConfigDifference[];
  /** One for each metric that one of them has; a value for each version, null where it has none. */
  metrics: { key: string; unit: string; values: (number | null)[] }[];
}

const metricsSchema = z.record(z.string(), z.number());

/** Reads `ModelVersion.metrics`. */
export const storedMetrics = (stored: unknown): Record<string, number> => metricsSchema.parse(stored);

/** Versions in one comparison. */
const most = 20;

/**
 * Puts versions side by side, of one model or of several.
 * @param ids 2–20, in the order of the columns
 * @throws Invalid, NotFound
 */
export async function compareVersions(prisma: PrismaClient, viewer: Viewer, ids: readonly string[]): Promise<ModelVersionComparison> {
  const versionIds = [...new Set(ids)];
  if (versionIds.length < 2 || versionIds.length > most) {
    const message = `2 to ${most} different versions can be compared.`;
    throw new Invalid(message, [{ path: 'ids', message }]);
  }
  const found = await prisma.modelVersion.findMany({ where: { id: { in: versionIds }, model: visibleTo(viewer) } });
  const versions = versionIds.map((id) => {
    const version = found.find((candidate) => candidate.id === id);
    if (!version) throw new NotFound(`There is no model version ${id}.`);
    return version;
  });
  const metrics = versions.map((version) => storedMetrics(version.metrics));
  const keys = [...new Set(metrics.flatMap((values) => Object.keys(values)))].sort(compareKeys);
  return {
    versionIds,
    config: compareConfigs(versions.map(({ config }) => config ?? {})),
    metrics: keys.map((key) => ({ key, unit: unitOf(key), values: metrics.map((values) => values[key] ?? null) })),
  };
}
