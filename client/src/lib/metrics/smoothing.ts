/**
 * TensorBoard's exponential moving average with bias correction: s ← w·s + (1−w)·v, shown as s / (1 − wⁿ).
 * `weight` w in [0, 1); 0 gives the values themselves. Values that are not finite are passed through and not averaged in.
 */
export function smooth(values: ArrayLike<number>, weight: number): Float64Array {
  const result = new Float64Array(values.length);
  let average = 0;
  let remaining = 1;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? NaN;
    if (weight <= 0 || !Number.isFinite(value)) {
      result[index] = value;
      continue;
    }
    average = weight * average + (1 - weight) * value;
    remaining *= weight;
    result[index] = average / (1 - remaining);
  }
  return result;
}
