/** The label of a token on which no loss is taken. */
export const ignoredLabel = -100;

/** One training sequence. `labels` are aligned with `inputIds`, not shifted: the label of a token is the token itself, or −100. */
export interface Example {
  inputIds: Int32Array;
  labels: Int32Array;
}

/**
 * Two answers to the same prompt, one of them better. Both sequences begin with the prompt's ids, whose labels are −100; the
 * targets are the answer and the end token. Cut to the maximum length, each keeps at least one target.
 */
export interface PreferenceExample {
  chosen: Example;
  rejected: Example;
}
