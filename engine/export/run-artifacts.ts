import { stat } from 'node:fs/promises';
import path from 'node:path';
import { EngineError } from '../errors.ts';

/**
 * What a run has learned, for `exportModel`: its adapter, whose base is the one that it names, or its whole model.
 * @throws EngineError CONFIG_INVALID where the run has saved neither
 */
export async function runArtifacts(runFolder: string): Promise<{ adapter: string } | { base: string }> {
  const [adapter, model] = ['adapter', 'model'].map((kind) => path.join(path.resolve(runFolder), 'artifacts', kind));
  if (adapter !== undefined && (await isFolder(adapter))) return { adapter };
  if (model !== undefined && (await isFolder(model))) return { base: model };
  const message = `${runFolder} has neither artifacts/adapter nor artifacts/model: the run has not finished yet, or it is another folder.`;
  throw new EngineError('CONFIG_INVALID', message, { issues: [{ path: 'runDir', message }] });
}

const isFolder = (folder: string): Promise<boolean> =>
  stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
