/** Turns tokens into text as they come. */
export interface StreamDecoder {
  /** Takes the next token and gives the text that is certain by now, perhaps none. Never a part of a character. */
  push(id: number): string;
  /** Gives what is left. An unfinished character becomes U+FFFD, as in `decode`. */
  end(): string;
}

/** What a byte sequence that is not (yet) a character decodes to. */
const replacement = '\ufffd';

/**
 * Longest wait for a character to be whole, in tokens. A character has at most four bytes, so a text that still ends in
 * U+FFFD after that is not UTF-8 and may as well be shown.
 */
const longestWait = 16;

/**
 * Texts of all `push` and the `end` together are what `decode` gives for all ids, as long as they are valid UTF-8.
 * Only the tokens since the last certain text are decoded again, with those before them, because what a token decodes to
 * may depend on its neighbour (a leading space).
 * @param decode ids to text
 * @param skip tokens that leave no text
 */
export function createStreamDecoder(decode: (ids: readonly number[]) => string, skip: (id: number) => boolean): StreamDecoder {
  let ids: number[] = [];
  /** ids[0..certain) have been given out already; they are context only. */
  let certain = 0;

  const take = (): string => {
    const known = decode(ids.slice(0, certain));
    const text = decode(ids);
    ids = ids.slice(certain);
    certain = ids.length;
    return text.slice(known.length);
  };
  return {
    push(id) {
      if (skip(id)) return '';
      ids.push(id);
      if (decode(ids).endsWith(replacement) && ids.length - certain < longestWait) return '';
      return take();
    },
    end() {
      const text = ids.length > certain ? take() : '';
      ids = [];
      certain = 0;
      return text;
    },
  };
}
