import { corpusDocuments, type Tokenizer } from '@anneal/engine';

/** The first documents of the corpus, about so many characters in all. */
export function* corpusSample(seed: number, characters: number): Generator<string> {
  let total = 0;
  for (const document of corpusDocuments(seed)) {
    if (total >= characters) return;
    total += document.length;
    yield document;
  }
}

/** The corpus as one stream of tokens, an end token after each document, cut into batches of batch · length ids. */
export function* tokenBatches(
  tokenizer: Tokenizer,
  { seed, batch, length }: { seed: number; batch: number; length: number },
): Generator<Int32Array, never> {
  const size = batch * length;
  let pending: number[] = [];
  for (const document of corpusDocuments(seed)) {
    pending.push(...tokenizer.encode(document, { addSpecialTokens: false }), tokenizer.eosTokenId);
    while (pending.length >= size) {
      yield Int32Array.from(pending.slice(0, size));
      pending = pending.slice(size);
    }
  }
  throw new Error('the corpus has no end');
}
