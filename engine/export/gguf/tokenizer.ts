import path from 'node:path';
import { z } from 'zod';
import { EngineError } from '../../errors.ts';
import { readJson, readSpecialTokens } from '../../tokenizer/special-tokens.ts';
import { loadTokenizer } from '../../tokenizer/tokenizer.ts';
import { bool, type MetadataValue, string, uint32 } from './file.ts';
import { closestPreTokenizer } from './pre-tokenizer.ts';

/** What llama.cpp does with a token: text, unknown, never shown, never cut, a gap in the vocabulary, a raw byte. */
const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

const added = z.looseObject({ id: z.int().min(0), content: z.string(), special: z.boolean().default(false) });
const schema = z.looseObject({
  model: z.looseObject({
    type: z.string().default('BPE'),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).default([]),
    byte_fallback: z.boolean().default(false),
    unk_token: z.string().nullish(),
  }),
  added_tokens: z.array(added).nullish(),
});
type TokenizerJson = z.output<typeof schema>;

export interface TokenizerMetadata {
  metadata: Map<string, MetadataValue>;
  /** What a person should know: where llama.cpp will cut texts in another way. */
  notes: string[];
}

/**
 * The tokenizer of a model folder as GGUF metadata.
 * @param vocabularySize rows of the embedding matrix; ids that the tokenizer does not use become unused tokens
 * @param endTokens ids that end a text
 * @throws EngineError TOKENIZER_BROKEN; MODEL_UNSUPPORTED where it is neither byte-level nor SentencePiece-like BPE
 */
export async function tokenizerMetadata(folder: string, vocabularySize: number, endTokens: readonly number[]): Promise<TokenizerMetadata> {
  const tokenizer = await loadTokenizer(folder);
  const file = path.join(folder, 'tokenizer.json');
  const raw = (await readJson(file)) ?? {};
  const json = readTokenizer(file, raw);
  const special = await readSpecialTokens(folder);
  const metadata = new Map<string, MetadataValue>();
  const notes: string[] = [];
  if (json.model.byte_fallback) {
    metadata.set('tokenizer.ggml.model', string('llama')).set('tokenizer.ggml.pre', string('default'));
    metadata.set('tokenizer.ggml.scores', { type: 'float32s', value: scores(json, vocabularySize) });
    const [first = ''] = tokenizer.encode('a', { addSpecialTokens: false }).map((id) => tokenOf(json, id));
    metadata.set('tokenizer.ggml.add_space_prefix', bool(first.startsWith('▁')));
  } else {
    const { name, agreement } = closestPreTokenizer(raw, special.config);
    metadata.set('tokenizer.ggml.model', string('gpt2')).set('tokenizer.ggml.pre', string(name));
    metadata.set('tokenizer.ggml.merges', { type: 'strings', value: json.model.merges.map(mergeText) });
    if (agreement < 1) notes.push(unlikePreTokenizer(name, agreement));
  }
  const { tokens, types } = tokenList(json, vocabularySize, file);
  metadata.set('tokenizer.ggml.tokens', { type: 'strings', value: tokens });
  metadata.set('tokenizer.ggml.token_type', { type: 'int32s', value: types });

  const unknown = special.names.unk ?? json.model.unk_token ?? null;
  const ids = {
    bos: tokenizer.bosTokenId,
    eos: tokenizer.eosTokenId,
    eot: endTokens.find((id) => id !== tokenizer.eosTokenId) ?? null,
    unknown: unknown === null ? null : tokenizer.tokenId(unknown),
    padding: special.names.pad === undefined ? (special.ids.pad ?? null) : tokenizer.tokenId(special.names.pad),
  };
  for (const [role, id] of Object.entries(ids)) if (id !== null) metadata.set(`tokenizer.ggml.${role}_token_id`, uint32(id));
  const [plain, dressed] = [tokenizer.encode('a', { addSpecialTokens: false }), tokenizer.encode('a')];
  metadata.set('tokenizer.ggml.add_bos_token', bool(tokenizer.bosTokenId !== null && dressed[0] === tokenizer.bosTokenId));
  metadata.set('tokenizer.ggml.add_eos_token', bool(dressed.length > plain.length && dressed.at(-1) === tokenizer.eosTokenId));
  if (special.chatTemplate !== null) metadata.set('tokenizer.chat_template', string(special.chatTemplate));
  return { metadata, notes };
}

function readTokenizer(file: string, raw: Record<string, unknown>): TokenizerJson {
  const parsed = schema.safeParse(raw);
  if (parsed.success && parsed.data.model.type === 'BPE' && (parsed.data.model.byte_fallback || isByteLevel(raw))) return parsed.data;
  throw new EngineError(
    'MODEL_UNSUPPORTED',
    `The tokenizer ${file} cannot be stored in a GGUF file: it is neither byte-level BPE nor BPE with byte fallback. Export as merged instead.`,
  );
}

const stepSchema: z.ZodType<{ type: string; pretokenizers?: { type: string }[] }> = z.looseObject({
  type: z.string(),
  pretokenizers: z.array(z.looseObject({ type: z.string() })).optional(),
});

/** True for a vocabulary of bytes written as printable characters, as in GPT-2. */
function isByteLevel({ pre_tokenizer: step, decoder }: Record<string, unknown>): boolean {
  return [step, decoder].some((value) => {
    const parsed = stepSchema.safeParse(value);
    return parsed.success && [parsed.data, ...(parsed.data.pretokenizers ?? [])].some(({ type }) => type === 'ByteLevel');
  });
}

const mergeText = (merge: string | readonly [string, string]): string => (typeof merge === 'string' ? merge : merge.join(' '));

function tokenOf({ model, added_tokens }: TokenizerJson, id: number): string {
  return (
    added_tokens?.find((token) => token.id === id)?.content ?? Object.entries(model.vocab).find(([, other]) => other === id)?.[0] ?? ''
  );
}

function tokenList({ model, added_tokens }: TokenizerJson, size: number, file: string): { tokens: string[]; types: number[] } {
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types = tokens.map((): number => tokenTypes.unused);
  const put = (id: number, text: string, type: number) => {
    if (id >= size)
      throw new EngineError('TOKENIZER_BROKEN', `${file} has the token ${id}, but the model's vocabulary ends at ${size - 1}.`);
    tokens[id] = text;
    types[id] = type;
  };
  for (const [text, id] of Object.entries(model.vocab)) {
    const isByte = model.byte_fallback && /^<0x[0-9A-F]{2}>$/.test(text);
    put(id, text, isByte ? tokenTypes.byte : text === model.unk_token ? tokenTypes.unknown : tokenTypes.normal);
  }
  for (const { id, content, special } of added_tokens ?? []) {
    if (content === model.unk_token) put(id, content, tokenTypes.unknown);
    // Some models do not mark their control tokens as special.
    else if (special || /^<[|｜].*[|｜]>$/.test(content)) put(id, content, tokenTypes.control);
    else put(id, content.replaceAll('▁', ' '), tokenTypes.userDefined);
  }
  return { tokens, types };
}

/**
 * SentencePiece merges the pair whose result has the highest score: minus the rank of its merge. What no merge makes comes last.
 */
function scores({ model }: TokenizerJson, size: number): number[] {
  const result = Array.from({ length: size }, () => -model.merges.length - 1);
  model.merges.forEach((merge, rank) => {
    const id = model.vocab[(typeof merge === 'string' ? merge.split(' ') : merge).join('')];
    if (id !== undefined && id < size && (result[id] ?? 0) < -rank) result[id] = -rank;
  });
  return result;
}

function unlikePreTokenizer(name: string, agreement: number): string {
  return (
    `llama.cpp cuts texts with built-in rules and has none like this tokenizer's. The closest, "${name}", gives the same tokens for ` +
    `${Math.round(agreement * 100)} % of the sample texts; where exact tokens matter, encode with the model's own tokenizer.json.`
  );
}
