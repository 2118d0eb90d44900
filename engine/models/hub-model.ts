import { EngineError } from '../errors.ts';
import { hubAccess } from '../hub/client.ts';
import { downloadFile, type HubFile } from '../hub/download.ts';
import { commitOf, listRepository } from '../hub/repository.ts';

/** A model on the Hugging Face Hub at a commit: the files of it that are used. */
export interface HubModel {
  /** `owner/name`, or a single name for the oldest ones: `gpt2`. */
  id: string;
  commit: string;
  /** Weights last. */
  files: readonly HubFile[];
  /** Of all of them. */
  bytes: number;
}

export interface HubModelControl {
  signal?: AbortSignal;
  /** @param received bytes of all files that are here now */
  onProgress?: (received: number) => void;
}

const idForm = /^[A-Za-z0-9][\w.-]{0,95}(\/[A-Za-z0-9_][\w.-]{0,95})?$/;
const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';
const shard = /^model-\d+-of-\d+\.safetensors$/;
/** Data that is read and never run: settings, tokenizer, chat template, licence. No weights. */
const companion =
  /^((generation_)?config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|chat_template)\.json$|^merges\.txt$|^chat_template\.jinja$|^tokenizer\.model$|^(LICENSE|LICENCE|NOTICE|USE_POLICY)(\.(md|txt))?$/i;
const pickle = /\.(bin|pt|pth|ckpt|h5|msgpack)$/;

/**
 * Looks a model up and says what would be downloaded of it: configuration, tokenizer and safetensors, nothing that could run code.
 * HF_ENDPOINT and HF_TOKEN are those of Hugging Face's own tools.
 * @param revision branch, tag or commit
 * @throws EngineError MODEL_NOT_FOUND where the Hub does not know it or cannot be asked, MODEL_UNSUPPORTED where it has no safetensors
 */
export async function findHubModel(id: string, revision: string): Promise<HubModel> {
  if (!idForm.test(id) || id.includes('..')) {
    throw new EngineError('MODEL_NOT_FOUND', `"${id}" names no model on the Hub. Write owner/name, as in HuggingFaceTB/SmolLM2-135M.`);
  }
  const access = hubAccess('MODEL_NOT_FOUND');
  const repo = { type: 'model', name: id } as const;
  const commit = await commitOf(access, repo, revision);
  const files = chooseModelFiles(id, await listRepository(access, repo, commit));
  return { id, commit, files, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

/** @throws EngineError MODEL_UNSUPPORTED, MODEL_NOT_FOUND */
export function chooseModelFiles(id: string, files: readonly HubFile[]): HubFile[] {
  const has = (name: string) => files.some(({ path }) => path === name);
  const weights = has(singleFile) ? [singleFile] : has(indexFile) ? files.map(({ path }) => path).filter((path) => shard.test(path)) : [];
  if (weights.length === 0) {
    const pickles = files.map(({ path }) => path).filter((path) => pickle.test(path));
    const found =
      pickles.length > 0 ? `only as ${pickles.slice(0, 3).join(', ')}, which could run code when opened` : 'in no form that is read';
    throw new EngineError('MODEL_UNSUPPORTED', `The model ${id} has its weights ${found}. Take one that has model.safetensors.`);
  }
  if (!has('config.json'))
    throw new EngineError('MODEL_UNSUPPORTED', `${id} has no config.json: it is no model in the format of transformers.`);
  const companions = files.filter(({ path }) => companion.test(path) || (path === indexFile && !has(singleFile)));
  return [...companions, ...files.filter(({ path }) => weights.includes(path))];
}

/**
 * Brings all files of a model into a folder, those that are not there; what broke off the last time goes on. Each is checked by size and
 * hash before it gets its name. Only one process may work in the folder.
 * @throws EngineError MODEL_NOT_FOUND where a file cannot be fetched, MODEL_BROKEN where one arrives damaged; what `signal` was aborted with
 */
export async function downloadHubModel(model: HubModel, folder: string, { signal, onProgress }: HubModelControl = {}): Promise<void> {
  const source = { access: hubAccess('MODEL_NOT_FOUND'), repo: { type: 'model', name: model.id } as const, commit: model.commit };
  let received = 0;
  for (const file of model.files) {
    await downloadFile(source, file, folder, { signal, keepPartial: true, onProgress: (bytes) => onProgress?.(received + bytes) });
    received += file.size;
    onProgress?.(received);
  }
}
