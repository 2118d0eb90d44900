import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { isMissing } from '../weights/durable.ts';

/** A special token as text, or as an AddedToken object with its text inside. */
const tokenSchema = z.union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)]);

/** The fields that `tokenizer_config.json` and `special_tokens_map.json` share. */
const namesSchema = z.looseObject({
  bos_token: tokenSchema.nullish(),
  eos_token: tokenSchema.nullish(),
  pad_token: tokenSchema.nullish(),
  unk_token: tokenSchema.nullish(),
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
});
const idsSchema = z.looseObject({
  bos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  pad_token_id: z.int().nullish(),
});

/** Roles of special tokens. */
export type SpecialRole = 'bos' | 'eos' | 'pad' | 'unk';

/** What a model folder says about its special tokens. */
export interface SpecialTokens {
  /** `tokenizer_config.json` as it is; empty where there is none. */
  config: Record<string, unknown>;
  /** Text of each special token that is named, by the first file that names it. */
  names: Partial<Record<SpecialRole, string>>;
  /** Ids that config.json gives, for what no file names. */
  ids: Partial<Record<SpecialRole, number>>;
  /** Jinja source. */
  chatTemplate: string | null;
  /** The one for conversations with tools, where the folder has its own for them. */
  toolTemplate: string | null;
}

/**
 * Looks special tokens up in `tokenizer_config.json`, then `special_tokens_map.json`, then (as ids) `config.json`; the
 * chat template in `chat_template.jinja`, then `tokenizer_config.json`. Each of the files may be missing.
 * @throws EngineError `TOKENIZER_BROKEN` where one of them is there and unreadable
 */
export async function readSpecialTokens(folder: string): Promise<SpecialTokens> {
  const config = (await readJson(join(folder, 'tokenizer_config.json'))) ?? {};
  const fromConfig = check(namesSchema, join(folder, 'tokenizer_config.json'), config);
  const mapPath = join(folder, 'special_tokens_map.json');
  const fromMap = check(namesSchema, mapPath, (await readJson(mapPath)) ?? {});
  const modelPath = join(folder, 'config.json');
  const model = check(idsSchema, modelPath, (await readJson(modelPath)) ?? {});

  const names: SpecialTokens['names'] = {};
  const ids: SpecialTokens['ids'] = {};
  for (const role of ['bos', 'eos', 'pad', 'unk'] as const) {
    const name = fromConfig[`${role}_token`] ?? fromMap[`${role}_token`];
    if (name != null) names[role] = name;
    const given = role === 'unk' ? undefined : model[`${role}_token_id`];
    const id = Array.isArray(given) ? given[0] : given;
    if (id != null && id >= 0) ids[role] = id;
  }
  return {
    config,
    names,
    ids,
    chatTemplate: (await readText(join(folder, 'chat_template.jinja'))) ?? templateOf(fromConfig.chat_template),
    toolTemplate: (await readText(join(folder, 'additional_chat_templates', 'tool_use.jinja'))) ?? toolTemplateOf(fromConfig.chat_template),
  };
}

/** Some folders hold several templates by name; `default` is the one for plain conversations. */
function templateOf(template: z.output<typeof namesSchema>['chat_template']): string | null {
  if (template == null || typeof template === 'string') return template ?? null;
  return (template.find(({ name }) => name === 'default') ?? template[0])?.template ?? null;
}

const toolTemplateOf = (template: z.output<typeof namesSchema>['chat_template']): string | null =>
  Array.isArray(template) ? (template.find(({ name }) => name === 'tool_use')?.template ?? null) : null;

function check<T extends z.ZodType>(schema: T, path: string, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new EngineError(
    'TOKENIZER_BROKEN',
    `${path}: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'unreadable'}. Correct it or download it again.`,
  );
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw new EngineError('TOKENIZER_BROKEN', `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** A JSON object of a tokenizer's folder, or null where there is no such file. */
export async function readJson(path: string): Promise<Record<string, unknown> | null> {
  const text = await readText(path);
  if (text === null) return null;
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    throw new EngineError('TOKENIZER_BROKEN', `${path} is not a JSON object. Download or copy it again.`, { cause: error });
  }
}
