/** What the exported graph leaves open until it is run. */
const dimensionNames = ['batch', 'length', 'past', 'total'] as const;
export type DimensionName = (typeof dimensionNames)[number];

/** A value for each open dimension: sequences, new positions, earlier positions, and both together. */
export type Sizes = Readonly<Record<DimensionName, number>>;

/**
 * Graphs have static shapes, so one that leaves sizes open is built twice, with these stand-ins. What is the same in
 * both is a constant; what differs must be a number times some of the sizes. Their prime factors let one reading only.
 */
export const standIns: readonly [Sizes, Sizes] = [
  { batch: 11, length: 13, past: 34, total: 47 },
  { batch: 17, length: 19, past: 60, total: 79 },
];

/** A product: `factor` times the dimensions named. */
export interface Expression {
  factor: number;
  dimensions: readonly DimensionName[];
}

/**
 * Reads what a number stands for.
 * @param values of it in the two graphs
 * @throws Error where it is neither a constant nor a product of sizes: the operator that made it cannot be exported
 */
export function readExpression(values: readonly [number, number]): Expression {
  const [one, other] = values;
  if (one === other) return { factor: one, dimensions: [] };
  for (let choice = 1; choice < 1 << dimensionNames.length; choice++) {
    const dimensions = dimensionNames.filter((_, index) => choice & (1 << index));
    const [first, second] = standIns.map((sizes) => dimensions.reduce((product, name) => product * sizes[name], 1));
    const factor = one / (first ?? NaN);
    if (Number.isInteger(factor) && factor === other / (second ?? NaN)) return { factor, dimensions };
  }
  throw new Error(`a size is ${one} in one graph and ${other} in the other, which is no product of ${dimensionNames.join(', ')}`);
}
