import type { AlignedData } from 'uplot';
import type { Series } from './series.ts';
import { smooth } from './smoothing.ts';

export interface ChartView {
  /** What runs along the bottom: optimizer steps, or seconds since `origin`. */
  axis: 'step' | 'time';
  /** Milliseconds since 1970 at which the time axis starts. */
  origin: number;
  /** Weight of the moving average, 0 to below 1. */
  smoothing: number;
  /** On a logarithmic scale, values that have no logarithm are left out. */
  logarithmic: boolean;
}

/** The rows of a chart after the x row. */
export const chartRows = { min: 1, max: 2, value: 3, smoothed: 4, overlay: 5 } as const;

type Row = (number | null)[];

/**
 * What uPlot draws: x, then lowest, highest, last and smoothed value of `main`, then `overlay` (another metric that was
 * measured at fewer steps), all over the same x. A row has null where its metric has no value.
 */
export function chartData(main: Series | undefined, overlay: Series | undefined, view: ChartView): AlignedData {
  const mainX = main ? positions(main, view) : [];
  const overlayX = overlay ? positions(overlay, view) : [];
  const last = main?.column('last') ?? [];
  const xs: number[] = [];
  const mainRows: Row[] = [[], [], [], []];
  const overlayRow: Row = [];
  const sources = [main?.column('min') ?? [], main?.column('max') ?? [], last, smooth(last, view.smoothing)];
  const shown = (value: number | undefined): number | null =>
    value === undefined || !Number.isFinite(value) || (view.logarithmic && value <= 0) ? null : value;

  let mainIndex = 0;
  let overlayIndex = 0;
  while (mainIndex < mainX.length || overlayIndex < overlayX.length) {
    const nextMain = mainX[mainIndex] ?? Infinity;
    const nextOverlay = overlayX[overlayIndex] ?? Infinity;
    const x = Math.min(nextMain, nextOverlay);
    xs.push(x);
    const fromMain = nextMain === x;
    sources.forEach((source, row) => mainRows[row]?.push(fromMain ? shown(source[mainIndex]) : null));
    overlayRow.push(nextOverlay === x ? shown(overlay?.column('last')[overlayIndex]) : null);
    if (fromMain) mainIndex += 1;
    if (nextOverlay === x) overlayIndex += 1;
  }
  return [xs, ...mainRows, overlayRow];
}

/** Strictly rising x positions, as uPlot wants them: two points of one millisecond are set apart by a hair. */
function positions(series: Series, view: ChartView): number[] {
  if (view.axis === 'step') return [...series.column('toStep')];
  let previous = -Infinity;
  return Array.from(series.column('time'), (time) => {
    previous = Math.max((time - view.origin) / 1000, previous + 1e-6);
    return previous;
  });
}
