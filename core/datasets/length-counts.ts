/** Lengths of rows in tokens, each counted by itself. */
export class LengthCounts {
  readonly #rows = new Map<number, number>();
  count = 0;
  sum = 0;
  longest = 0;

  add(length: number): void {
    this.#rows.set(length, (this.#rows.get(length) ?? 0) + 1);
    this.count++;
    this.sum += length;
    this.longest = Math.max(this.longest, length);
  }

  /** The length that this share of the rows does not exceed; 0 without rows. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.count);
    for (const [length, rows] of this.#sorted()) {
      left -= rows;
      if (left <= 0) return length;
    }
    return 0;
  }

  /** Rows by length, each range twice as long as the one before: 0–15, 16–31, 32–63, … */
  histogram(): { from: number; to: number; rows: number }[] {
    const ranges: { from: number; to: number; rows: number }[] = [];
    for (const [length, rows] of this.#sorted()) {
      while ((ranges.at(-1)?.to ?? -1) < length) {
        const from = (ranges.at(-1)?.to ?? -1) + 1;
        ranges.push({ from, to: from === 0 ? 15 : 2 * from - 1, rows: 0 });
      }
      const last = ranges.at(-1);
      if (last) last.rows += rows;
    }
    return ranges;
  }

  #sorted(): [number, number][] {
    return [...this.#rows].sort(([a], [b]) => a - b);
  }
}
