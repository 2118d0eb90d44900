/** The label of a token on which no loss is taken. */
export const ignoredLabel = -100;

/** One training sequence. `labels` are aligned with `inputIds`, not shifted: the label of a token is the token itself, or −100. */
export interface Example {
  inputIds: Int32Array;
  labels: Int32Array;
}
