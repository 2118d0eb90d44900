/** What must be reached: a lowest value, a highest one, or one to stay below. */
export type Bar = { atLeast: number } | { atMost: number } | { below: number };

/** Something that the benchmark measures. */
export interface MeasureSpec {
  measure: string;
  /** Empty for pure numbers. */
  unit: '' | '×' | 's' | 'steps' | 'points/s';
  bar: Bar;
  /** Missing the bar is a mistake, not slowness. */
  isCorrectness?: true;
}

/** What the value is a ratio of: medians over the rounds. */
export interface Figures {
  unit: 'tokens/s' | 'bytes' | 'FLOP/s';
  ours: number;
  /** What ours is compared with; null where it could not be measured. */
  other: number | null;
}

export interface Finding extends MeasureSpec {
  /** Null where it could not be measured; `reason` then says why. */
  value: number | null;
  met: boolean | null;
  /** Something came out that must not. */
  isWrong: boolean;
  reason?: string;
  figures?: Figures;
  details: Record<string, unknown>;
}

interface More {
  figures?: Figures;
  details?: Record<string, unknown>;
  /** Must be true beside the bar, e.g. that both sides computed the same. */
  holds?: boolean;
}

export function measured(spec: MeasureSpec, value: number, { figures, details = {}, holds = true }: More): Finding {
  const met = reaches(value, spec.bar) && holds;
  return { ...spec, value, met, isWrong: !holds || (spec.isCorrectness === true && !met), figures, details };
}

export const notMeasured = (spec: MeasureSpec, error: unknown, { figures, details = {} }: More = {}): Finding => ({
  ...spec,
  value: null,
  met: null,
  isWrong: false,
  reason: error instanceof Error ? error.message : String(error),
  figures,
  details,
});

function reaches(value: number, bar: Bar): boolean {
  if ('atLeast' in bar) return value >= bar.atLeast;
  return 'atMost' in bar ? value <= bar.atMost : value < bar.below;
}
