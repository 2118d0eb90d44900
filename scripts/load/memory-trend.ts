/** What a process used at a moment. */
export interface Usage {
  /** Milliseconds. */
  time: number;
  /** Seconds of all cores since its start. */
  cpu: number;
  /** Resident bytes. */
  memory: number;
}

/**
 * How fast memory grows, in bytes a minute: the slope of the straight line that fits best (least squares) to the second half, when
 * what is loaded once is loaded. Null for fewer than four moments.
 */
export function memoryTrend(usages: readonly Usage[]): number | null {
  const half = usages.slice(Math.floor(usages.length / 2));
  if (half.length < 4) return null;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [time, memory] = [mean(half.map((usage) => usage.time)), mean(half.map((usage) => usage.memory))];
  const shared = half.reduce((sum, usage) => sum + (usage.time - time) * (usage.memory - memory), 0);
  const spread = half.reduce((sum, usage) => sum + (usage.time - time) ** 2, 0);
  return spread === 0 ? null : (shared / spread) * 60_000;
}
