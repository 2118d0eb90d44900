/**
 * The part of `@huggingface/tokenizers` 0.2 that is used. The package's own declarations import each other without file
 * extensions, which TypeScript cannot resolve under Node's module rules, so everything in them would be `any`.
 */
declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    /** @param tokenizer content of `tokenizer.json` @param config content of `tokenizer_config.json` */
    constructor(tokenizer: object, config: object);
    encode(text: string, options?: { add_special_tokens?: boolean }): { ids: number[]; tokens: string[] };
    /** @param ids at least one */
    decode(ids: number[], options?: { skip_special_tokens?: boolean; clean_up_tokenization_spaces?: boolean }): string;
    token_to_id(token: string): number | undefined;
    id_to_token(id: number): string | undefined;
    /** `vocab`: token by id. */
    readonly model: { readonly vocab: readonly string[] };
    /** What cuts a text into words; null where nothing does. */
    readonly pre_tokenizer: unknown;
  }
}
