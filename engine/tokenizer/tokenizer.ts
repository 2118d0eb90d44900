// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- other packages check this file too, and an import cannot bring an ambient module along
/// <reference path="./huggingface-tokenizers.d.ts" />
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { EngineError } from '../errors.ts';
import { rememberWords } from './byte-level.ts';
import { compileChatTemplate, type ChatMessage, type ChatTemplateOptions } from './chat-template.ts';
import { readJson, readSpecialTokens, type SpecialRole, type SpecialTokens } from './special-tokens.ts';
import { createStreamDecoder, type StreamDecoder } from './stream-decoder.ts';

/** Text to token ids and back, with the model's own tokenizer and chat template. */
export interface Tokenizer {
  /** @param options.addSpecialTokens put what belongs around a text, usually a begin token. Default true. */
  encode(text: string, options?: { addSpecialTokens?: boolean }): number[];
  /** Ids of a text that goes on from another one: without special tokens, and without the space that some tokenizers put before a text. */
  encodeContinuation(text: string): number[];
  /** @param options.skipSpecialTokens leave out begin, end and their like. Default true. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** Id of exactly this token, or null. */
  tokenId(token: string): number | null;
  /** Highest id plus one. The model's may be larger (padded). */
  readonly vocabularySize: number;
  readonly eosTokenId: number;
  /** The end token as text. */
  readonly eosToken: string;
  readonly bosTokenId: number | null;
  /** The end token where the folder names none. */
  readonly padTokenId: number;
  readonly hasChatTemplate: boolean;
  /**
   * Renders a conversation. The text holds its special tokens: encode it with `addSpecialTokens: false`.
   * @throws EngineError `DATASET_INVALID` where the template refuses it, `TOKENIZER_BROKEN` where there is no template
   */
  applyChatTemplate(messages: readonly ChatMessage[], options?: ChatTemplateOptions): string;
  /** @param options.skipSpecialTokens default true */
  streamDecoder(options?: { skipSpecialTokens?: boolean }): StreamDecoder;
}

/** Ids beyond this are a lie: no vocabulary has 16 million entries, and arrays are as long as the highest id. */
const tokenIdSchema = z
  .int()
  .min(0)
  .max(1 << 24);
const addedTokenSchema = z.looseObject({ id: tokenIdSchema, content: z.string().min(1) });
const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    type: z.enum(['BPE', 'Unigram', 'WordPiece']).optional(),
    vocab: z.union([z.record(z.string(), tokenIdSchema), z.array(z.tuple([z.string(), z.number()]))]),
  }),
  added_tokens: z.array(addedTokenSchema).nullish(),
  normalizer: z.unknown().optional(),
  pre_tokenizer: z.unknown().optional(),
  post_processor: z.unknown().optional(),
  decoder: z.unknown().optional(),
});

/**
 * Loads `tokenizer.json` of a model folder, and its special tokens and chat template from the files beside it.
 * @throws EngineError `TOKENIZER_BROKEN` where it is missing or broken, or no end token is named anywhere
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const special = await readSpecialTokens(folder);
  const { inner, added, vocabularySize } = await openTokenizer(folder, special.config);
  const skipped = new Set(added.filter((token) => token.special === true).map((token) => token.id));
  const idOf = (role: SpecialRole): number | null => resolveId(folder, inner, special, role, vocabularySize);

  const eosTokenId = idOf('eos');
  const eosToken = eosTokenId === null ? undefined : inner.id_to_token(eosTokenId);
  if (eosTokenId === null || eosToken === undefined) {
    throw new EngineError(
      'TOKENIZER_BROKEN',
      `${folder} names no end token, so generation would never stop. Set "eos_token" in tokenizer_config.json.`,
    );
  }
  skipped.add(eosTokenId);
  const bosTokenId = idOf('bos');
  if (bosTokenId !== null) skipped.add(bosTokenId);

  const encode = (text: string, addSpecialTokens: boolean): number[] => {
    if (text === '' && !addSpecialTokens) return [];
    const { ids } = inner.encode(text, { add_special_tokens: addSpecialTokens });
    if (ids.every((id) => Number.isInteger(id))) return ids;
    throw new EngineError(
      'TOKENIZER_BROKEN',
      `${join(folder, 'tokenizer.json')} names a token that it does not have (met at "${text.slice(0, 40)}"). Download it again.`,
    );
  };
  const decode = (ids: readonly number[], skipSpecialTokens: boolean): string => {
    const shown = ids.filter((id) => id >= 0 && id < vocabularySize && !(skipSpecialTokens && skipped.has(id)));
    // Never "clean up": it would take spaces out of code.
    return shown.length === 0 ? '' : inner.decode(shown, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  };
  const applyTemplate =
    special.chatTemplate === null
      ? null
      : compileChatTemplate(folder, special.chatTemplate, templateTokens(special, eosToken), special.toolTemplate);
  const anchor = continuationAnchor(
    (text) => encode(text, false),
    (id) => inner.id_to_token(id) ?? '',
  );

  return {
    encode: (text, { addSpecialTokens = true } = {}) => encode(text, addSpecialTokens),
    encodeContinuation(text) {
      if (anchor === null) return encode(text, false);
      const ids = encode(anchor.text + text, false);
      return anchor.ids.every((id, i) => ids[i] === id) ? ids.slice(anchor.ids.length) : encode(text, false);
    },
    decode: (ids, { skipSpecialTokens = true } = {}) => decode(ids, skipSpecialTokens),
    tokenId: (token) => inner.token_to_id(token) ?? null,
    vocabularySize,
    eosTokenId,
    eosToken,
    bosTokenId,
    padTokenId: idOf('pad') ?? eosTokenId,
    hasChatTemplate: applyTemplate !== null,
    applyChatTemplate(messages, options) {
      if (applyTemplate) return applyTemplate(messages, options);
      throw new EngineError(
        'TOKENIZER_BROKEN',
        `${folder} has no chat template (chat_template.jinja, or "chat_template" in tokenizer_config.json).`,
      );
    },
    streamDecoder: ({ skipSpecialTokens = true } = {}) =>
      createStreamDecoder(
        (ids) => decode(ids, skipSpecialTokens),
        (id) => skipSpecialTokens && skipped.has(id),
      ),
  };
}

interface OpenTokenizer {
  inner: HuggingFaceTokenizer;
  added: z.output<typeof addedTokenSchema>[];
  vocabularySize: number;
}

async function openTokenizer(folder: string, config: Record<string, unknown>): Promise<OpenTokenizer> {
  const path = join(folder, 'tokenizer.json');
  const content = await readJson(path);
  if (content === null) {
    throw new EngineError(
      'TOKENIZER_BROKEN',
      `${folder} has no tokenizer.json. Download it too, or save it with AutoTokenizer.save_pretrained.`,
    );
  }
  const parsed = tokenizerSchema.safeParse(content);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new EngineError(
      'TOKENIZER_BROKEN',
      `${path} is broken: "${issue?.path.join('.') ?? ''}": ${issue?.message ?? 'unreadable'}. Download it again.`,
    );
  }
  const { added_tokens, normalizer = null, pre_tokenizer = null, post_processor = null, decoder = null } = parsed.data;
  const added = added_tokens ?? [];
  try {
    const inner = new HuggingFaceTokenizer({ ...content, added_tokens: added, normalizer, pre_tokenizer, post_processor, decoder }, config);
    rememberWords(inner.pre_tokenizer);
    return { inner, added, vocabularySize: inner.model.vocab.length };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('TOKENIZER_BROKEN', `${path} cannot be used: ${reason}`, { cause: error });
  }
}

/** The id of a special token: of the text that a tokenizer file names, or the id in config.json. Null where neither is given. */
function resolveId(
  folder: string,
  inner: HuggingFaceTokenizer,
  special: SpecialTokens,
  role: SpecialRole,
  vocabularySize: number,
): number | null {
  const name = special.names[role];
  const id = name === undefined ? special.ids[role] : inner.token_to_id(name);
  if (name !== undefined && id === undefined) {
    throw new EngineError('TOKENIZER_BROKEN', `${folder} names "${name}" as its ${role} token, but tokenizer.json has no such token.`);
  }
  if (id !== undefined && id >= vocabularySize) {
    throw new EngineError(
      'TOKENIZER_BROKEN',
      `${folder}: ${role}_token_id is ${id} in config.json, but tokenizer.json has ${vocabularySize} tokens.`,
    );
  }
  return id ?? null;
}

function templateTokens({ names }: SpecialTokens, eosToken: string): Record<string, string> {
  const tokens: Record<string, string> = { eos_token: eosToken };
  for (const [role, name] of Object.entries(names)) tokens[`${role}_token`] = name;
  return tokens;
}

/**
 * SentencePiece tokenizers put a space before every text. A text that goes on from another must not get one: it is
 * encoded behind a line break, whose tokens are then taken off again. Null where the tokenizer adds no space.
 */
function continuationAnchor(encode: (text: string) => number[], token: (id: number) => string): { text: string; ids: number[] } | null {
  const [first] = encode('a');
  if (first === undefined || !token(first).startsWith('\u2581')) return null;
  return { text: '\n', ids: encode('\n') };
}
