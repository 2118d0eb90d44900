/** How often each whole number of milliseconds was counted, up to 20 s; what took longer is counted there. */
export type Histogram = number[];

const longest = 20_000;

export const emptyHistogram = (): Histogram => Array.from({ length: longest + 1 }, () => 0);

export function count(histogram: Histogram, milliseconds: number): void {
  const place = Math.min(longest, Math.max(0, Math.floor(milliseconds)));
  histogram[place] = (histogram[place] ?? 0) + 1;
}

export function sum(histograms: readonly Histogram[]): Histogram {
  const length = Math.max(0, ...histograms.map((histogram) => histogram.length));
  return Array.from({ length }, (_, place) => histograms.reduce((total, histogram) => total + (histogram[place] ?? 0), 0));
}

/** The value that this share of all counted ones does not exceed; null when nothing was counted. @param share 0 to 1 */
export function quantile(histogram: Histogram, share: number): number | null {
  const total = histogram.reduce((all, one) => all + one, 0);
  if (total === 0) return null;
  let seen = 0;
  return histogram.findIndex((one) => (seen += one) >= share * total);
}
