import { type LowRankUpdate, mergeInto } from '../adapters/merge.ts';
import { openAdapter, type OpenedAdapter } from '../adapters/open-adapter.ts';
import { EngineError } from '../errors.ts';
import { families } from '../models/families.ts';
import type { ModelFamily } from '../models/family.ts';
import { findTensor } from '../models/find-tensor.ts';
import { type ModelConfig, readModelConfig } from '../models/model-config.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { type ModelWeights, openModelWeights } from '../weights/model-weights.ts';

/** A model that is exported: a model folder, and what an adapter changes of it. Tensors are read when they are asked for. */
export interface ExportSource {
  folder: string;
  config: ModelConfig;
  family: ModelFamily;
  /** The files as they are, without the adapter. */
  files: ModelWeights;
  /** True where the adapter makes a model that values texts instead of writing them. */
  valuesTexts: boolean;
  /** True for a tensor that the adapter changes. @param stored its name in the files */
  changes: (stored: string) => boolean;
  /** A tensor as float32, the adapter merged into it. @param stored its name in the files */
  readStored: (stored: string) => Promise<Float32Array>;
  /** The same by the name that the model's family has for it. */
  read: (name: string) => Promise<Float32Array>;
  /** To be called once for each tensor before its bytes are copied; reading one as float32 calls it. @throws what `signal` was aborted with */
  visit: () => void;
  close: () => Promise<void>;
}

/** How an export is watched and ended. */
export interface ExportControl {
  /** Ends the export between two tensors; nothing is left behind. */
  signal?: AbortSignal;
  /** Called as tensors are read. @param done of `total` tensors */
  onProgress?: (done: number, total: number) => void;
}

/**
 * Opens a model folder and an adapter.
 * @throws EngineError as `loadModel` and `openAdapter`
 */
export async function openSource(
  folder: string,
  adapterFolder?: string,
  { signal, onProgress }: ExportControl = {},
): Promise<ExportSource> {
  const config = await readModelConfig(folder);
  const family = families[config.architecture];
  const adapter = adapterFolder === undefined ? null : await openAdapter(adapterFolder, { family, config });
  const files = await openModelWeights(folder);
  const names = new Map<string, string>();
  try {
    for (const [name, shape] of family.parameters(config)) names.set(name, findTensor(folder, files, name, shape, family.prefix));
  } catch (error) {
    await files.close();
    throw error;
  }
  const changed = changesOf(adapter, names);
  let done = 0;
  const visit = () => {
    signal?.throwIfAborted();
    onProgress?.(done++, files.names().length);
  };
  const readStored = async (stored: string): Promise<Float32Array> => {
    visit();
    const change = changed.get(stored);
    const data = change?.kind === 'replace' ? change.data : await files.read(stored);
    if (change?.kind === 'update') mergeInto({ ...change.update, data }, change.update);
    if (change && !data.every(Number.isFinite))
      throw new EngineError('ADAPTER_BROKEN', `${adapterFolder} makes ${stored} infinite or not a number. Train it again.`);
    return data;
  };
  return {
    folder,
    config,
    family,
    files,
    valuesTexts: adapter?.valueHead !== undefined,
    changes: (stored) => changed.has(stored),
    readStored,
    read: (name) => readStored(names.get(name) ?? name),
    visit,
    close: () => files.close(),
  };
}

type Change = { kind: 'replace'; data: Float32Array } | { kind: 'update'; update: LowRankUpdate & LinearLayer };

/** What an adapter does, by the names of the tensors in the files. */
function changesOf(adapter: OpenedAdapter | null, names: ReadonlyMap<string, string>): Map<string, Change> {
  const changes = new Map<string, Change>();
  const stored = (name: string) => names.get(name) ?? name;
  for (const [layer, update] of adapter?.updates ?? []) changes.set(stored(`${layer}.weight`), { kind: 'update', update });
  for (const [name, data] of adapter?.replaced ?? []) changes.set(stored(name), { kind: 'replace', data });
  return changes;
}
