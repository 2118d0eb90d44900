import fs from 'node:fs/promises';
import path from 'node:path';
import { ModelError, z } from '@anneal/plugins/kit';
import {
  AutoModel,
  AutoModelForCausalLM,
  AutoModelForSeq2SeqLM,
  AutoTokenizer,
  env,
  LogLevel,
  type PreTrainedModel,
  type PreTrainedTokenizer,
} from '@huggingface/transformers';
import { FetchedFiles } from './fetched-files.ts';
import type { Held } from '../local-models/model-pool.ts';
import type { ModelSettings, Settings } from './settings.ts';

/** A model in memory. */
export interface LoadedModel extends Held {
  settings: ModelSettings;
  tokenizer: PreTrainedTokenizer;
  model: PreTrainedModel;
  /** Of its config.json. Undefined: it does not say. */
  contextTokens: number | undefined;
}

const classes = {
  'text-generation': AutoModelForCausalLM,
  'text2text-generation': AutoModelForSeq2SeqLM,
  embeddings: AutoModel,
};

const fetched = new FetchedFiles();

/** Nothing is fetched, and nothing is written, unless the settings of a model say so. */
function prepare({ allowDownloads, hubUrl }: Settings): void {
  env.allowLocalModels = true;
  env.allowRemoteModels = allowDownloads;
  env.remoteHost = hubUrl.endsWith('/') ? hubUrl : `${hubUrl}/`;
  env.useFSCache = false;
  env.useCustomCache = true;
  env.customCache = fetched;
  env.useWasmCache = false;
  env.logLevel = LogLevel.NONE;
}

/** Where Transformers.js is to look. @throws ModelError when the model is on the Hub, and downloads are not allowed */
function placeOf({ name, folder, repository, revision }: ModelSettings, settings: Settings): { id: string; options: object } {
  if (folder !== undefined) return { id: folder, options: { local_files_only: true } };
  if (repository !== undefined && settings.allowDownloads) return { id: repository, options: { revision } };
  throw new ModelError(
    'PERMISSION',
    `The model "${name}" is on the Hub, and downloads are not allowed. Allow them in the settings of the plugin transformers, or give a folder.`,
  );
}

/** @throws ModelError */
export async function loadTokenizer(chosen: ModelSettings, settings: Settings): Promise<PreTrainedTokenizer> {
  prepare(settings);
  const { id, options } = placeOf(chosen, settings);
  try {
    return await AutoTokenizer.from_pretrained(id, options);
  } catch (error) {
    throw unusable(chosen, error);
  } finally {
    forget(chosen);
  }
}

/** @throws ModelError */
export async function loadModel(chosen: ModelSettings, settings: Settings): Promise<LoadedModel> {
  const tokenizer = await loadTokenizer(chosen, settings);
  const { id, options } = placeOf(chosen, settings);
  const { threads } = settings;
  try {
    const model = await classes[chosen.task].from_pretrained(id, {
      ...options,
      dtype: chosen.dtype,
      device: 'cpu',
      session_options: threads === 0 ? {} : { intraOpNumThreads: threads },
    });
    const bytes = chosen.repository === undefined ? await sizeOf(chosen) : forget(chosen) * besides;
    return {
      settings: chosen,
      tokenizer,
      model,
      bytes,
      contextTokens: chosen.contextTokens ?? contextOf(model.config),
      release: async () => {
        await model.dispose();
      },
    };
  } catch (error) {
    forget(chosen);
    throw unusable(chosen, error);
  }
}

/** @returns how much was fetched for a model. Bytes. */
const forget = ({ repository }: ModelSettings): number =>
  repository === undefined ? 0 : fetched.forget(`${env.remoteHost}${repository}/`);

/** Names of files of models, as Transformers.js gives them. */
const suffixes: Record<ModelSettings['dtype'], string> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};

/** Memory that a model takes is that of its weights, and a fifth for what else there is. */
const besides = 1.2;

/** Memory that the model in a folder will take. 0: not known. Bytes. */
export async function sizeOf({ folder, dtype }: ModelSettings): Promise<number> {
  if (folder === undefined) return 0;
  const onnx = path.join(folder, 'onnx');
  const names = await fs.readdir(onnx).catch(() => []);
  const its = names.filter(
    (name) => /^(.*?)(_fp16|_quantized|_int8|_uint8|_q4|_q4f16|_bnb4)?\.onnx(_data.*)?$/.exec(name)?.[2] === (suffixes[dtype] || undefined),
  );
  const sizes = await Promise.all(its.map(async (name) => (await fs.stat(path.join(onnx, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0) * besides;
}

const lengths = z.object({
  max_position_embeddings: z.int().positive().optional().catch(undefined),
  n_positions: z.int().positive().optional().catch(undefined),
});

export function contextOf(config: unknown): number | undefined {
  const read = lengths.safeParse(config);
  return read.data?.max_position_embeddings ?? read.data?.n_positions;
}

/** Only the first line, and without the place on this machine: whoever asks may not know it. */
function unusable({ name, folder, repository }: ModelSettings, cause: unknown): ModelError {
  if (cause instanceof ModelError) return cause;
  const reason =
    (cause instanceof Error ? cause.message : String(cause))
      .split('\n')[0]
      ?.replaceAll(folder ?? ' ', name)
      .slice(0, 500) ?? '';
  const advice =
    folder === undefined
      ? `Check that ${repository ?? ''} has files for ONNX, and that the plugin may use the network.`
      : `Its folder needs config.json, tokenizer.json and onnx/model.onnx, and must lie inside the folder "models" of the studio’s data.`;
  return new ModelError('MODEL_NOT_FOUND', `The model "${name}" cannot be loaded: ${reason} ${advice}`, { cause });
}
