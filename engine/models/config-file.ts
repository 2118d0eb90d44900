import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError, type Issue } from '../errors.ts';
import { isMissing } from '../weights/durable.ts';

/** What every family's configuration says, under one set of names. */
export interface BaseConfig {
  vocabularySize: number;
  /** Width of the residual stream. */
  hiddenSize: number;
  /** Width inside the MLP. */
  intermediateSize: number;
  layers: number;
  attentionHeads: number;
  /** Heads of keys and values; fewer than `attentionHeads` in grouped-query attention. */
  keyValueHeads: number;
  /** Width of one head. */
  headSize: number;
  /** Longest sequence, in tokens, that the model is made for. */
  maxPositions: number;
  /** The output projection is the embedding matrix. */
  tiedEmbeddings: boolean;
  bosTokenId: number | null;
  /** Tokens that end a text: those of config.json, then those that only generation_config.json names. May be empty. */
  eosTokenIds: number[];
  padTokenId: number | null;
  /** Type of the stored weights as config.json states it, e.g. `bfloat16`; null where it does not. */
  torchDtype: string | null;
  /** config.json as it is. */
  raw: Record<string, unknown>;
}

/** A size in config.json. */
export const size = z.int().min(1);
const tokenId = z.int().min(0);
const tokenIds = z.union([tokenId, z.array(tokenId)]);

const vocabularySchema = z.looseObject({
  vocab_size: size,
  tie_word_embeddings: z.boolean().nullish(),
  bos_token_id: tokenIds.nullish(),
  // −1 stands for "none" in some older folders.
  eos_token_id: z.union([tokenIds, z.literal(-1)]).nullish(),
  pad_token_id: z.union([tokenId, z.literal(-1)]).nullish(),
  torch_dtype: z.string().nullish(),
  dtype: z.string().nullish(),
  quantization_config: z.unknown().optional(),
});

type Vocabulary = Pick<
  BaseConfig,
  'vocabularySize' | 'tiedEmbeddings' | 'bosTokenId' | 'eosTokenIds' | 'padTokenId' | 'torchDtype' | 'raw'
>;

/** The `config.json` of a Hugging Face model folder while it is read. */
export class ConfigFile {
  readonly path: string;
  readonly raw: Record<string, unknown>;
  readonly #generationEosTokens: readonly number[];

  private constructor(path: string, raw: Record<string, unknown>, generationEosTokens: readonly number[]) {
    this.path = path;
    this.raw = raw;
    this.#generationEosTokens = generationEosTokens;
  }

  /** @throws EngineError `MODEL_NOT_FOUND`, or `MODEL_BROKEN` where it is not a JSON object. */
  static async open(folder: string): Promise<ConfigFile> {
    const path = join(folder, 'config.json');
    return new ConfigFile(path, await readJsonObject(folder, path), await generationEosTokens(folder));
  }

  /** Some fields. @throws EngineError `MODEL_BROKEN` naming those that are wrong. */
  fields<T extends z.ZodType>(schema: T): z.output<T> {
    const parsed = schema.safeParse(this.raw);
    if (parsed.success) return parsed.data;
    throw this.broken(parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })));
  }

  /**
   * The fields that do not depend on the family.
   * @param tied whether the output projection is the embedding matrix where config.json does not say.
   */
  vocabulary(tied: boolean): Vocabulary {
    const fields = this.fields(vocabularySchema);
    if (fields.quantization_config != null) {
      throw this.unsupported(
        'its weights are quantized (quantization_config)',
        'Take the version with float32, float16 or bfloat16 weights.',
      );
    }
    const eosTokens = listOf(fields.eos_token_id);
    const bosTokenId = listOf(fields.bos_token_id)[0] ?? null;
    for (const [path, id] of [['bos_token_id', bosTokenId] as const, ['eos_token_id', eosTokens[0]] as const]) {
      if (id != null && id >= fields.vocab_size)
        throw this.broken([{ path, message: `${id} is outside of the vocabulary (vocab_size is ${fields.vocab_size})` }]);
    }
    return {
      vocabularySize: fields.vocab_size,
      tiedEmbeddings: fields.tie_word_embeddings ?? tied,
      bosTokenId,
      eosTokenIds: [...new Set([...eosTokens, ...this.#generationEosTokens])].filter((id) => id >= 0),
      padTokenId: fields.pad_token_id != null && fields.pad_token_id >= 0 ? fields.pad_token_id : null,
      torchDtype: fields.dtype ?? fields.torch_dtype ?? null,
      raw: this.raw,
    };
  }

  /** @throws EngineError `MODEL_UNSUPPORTED` where a field names an activation that the family is not written with. */
  checkActivation(field: string, supported: readonly string[]): void {
    const found = this.fields(z.looseObject({ [field]: z.string().nullish() }))[field];
    if (typeof found === 'string' && !supported.includes(found))
      throw this.unsupported(`its ${field} is "${found}"`, `Supported: ${supported[0] ?? ''}.`);
  }

  /** To throw where the file contradicts itself or lacks something. */
  broken(issues: Issue[]): EngineError {
    const list = issues.map((issue) => `${issue.path}: ${issue.message}`).join('; ');
    return new EngineError('MODEL_BROKEN', `${this.path} does not describe a model that can be: ${list}`, { issues });
  }

  /** To throw where a model has something that its family's forward pass does not. @param what "its rope type is …" */
  unsupported(what: string, advice: string): EngineError {
    return new EngineError('MODEL_UNSUPPORTED', `The model of ${this.path} cannot be used: ${what}. ${advice}`);
  }
}

function listOf(ids: number | number[] | null | undefined): number[] {
  if (ids == null) return [];
  return Array.isArray(ids) ? ids : [ids];
}

/** End tokens of `generation_config.json`: chat models often name their end of turn only there. A folder without it is fine. */
async function generationEosTokens(folder: string): Promise<number[]> {
  try {
    const content: unknown = JSON.parse(await readFile(join(folder, 'generation_config.json'), 'utf8'));
    const parsed = z.looseObject({ eos_token_id: tokenIds.nullish() }).safeParse(content);
    return parsed.success ? listOf(parsed.data.eos_token_id) : [];
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return [];
    throw error;
  }
}

async function readJsonObject(folder: string, path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error))
      throw new EngineError('MODEL_BROKEN', `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    const there = await isFolder(folder);
    const message = there ? `${folder} is not a model folder: it has no config.json.` : `There is no model folder ${folder}.`;
    throw new EngineError('MODEL_NOT_FOUND', `${message} Give the path of a Hugging Face model folder.`, { cause: error });
  }
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new EngineError('MODEL_BROKEN', `${path} is not a JSON object. Download or copy it again.`, {
      issues: [{ path, message: 'not a JSON object' }],
      cause: error,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
