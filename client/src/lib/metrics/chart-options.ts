import type uPlot from 'uplot';
import { formatCompact, formatInteger } from '../format/number.ts';
import { formatElapsed } from '../format/elapsed.ts';
import { chartRows } from './chart-data.ts';

export interface ChartAppearance {
  width: number;
  height: number;
  axis: 'step' | 'time';
  logarithmic: boolean;
  /** CSS variables. */
  color: string;
  overlayColor: string;
  /** The last values are drawn thin and the smoothed ones over them. */
  smoothed: boolean;
  /** The part to show, in units of the axis; null shows everything. */
  range: () => { from: number; to: number } | null;
  /** Index of the point under the crosshair, or null. */
  onHover: (index: number | null) => void;
  /** A part was chosen by dragging; null for back to everything. */
  onRange: (range: { from: number; to: number } | null) => void;
}

const timeSteps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800];
const countSteps = [1, 2, 5].flatMap((digit) => Array.from({ length: 9 }, (_, power) => digit * 10 ** power)).sort((a, b) => a - b);

const css = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const withAlpha = (color: string, alpha: number): string => `color-mix(in srgb, ${color} ${alpha * 100}%, transparent)`;

/** Options for one chart: a band from lowest to highest, the values, the smoothed line, and another metric over them. */
export function chartOptions(look: ChartAppearance): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => css('--soft'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const bound: uPlot.Series = { width: 0, stroke: 'transparent', points: { show: false }, spanGaps: true };
  const rows: uPlot.Series[] = [];
  rows[0] = {};
  rows[chartRows.min] = bound;
  rows[chartRows.max] = bound;
  rows[chartRows.value] = {
    width: look.smoothed ? 1 : 1.75,
    stroke: () => (look.smoothed ? withAlpha(css(look.color), 0.35) : css(look.color)),
    spanGaps: true,
    points: { show: (plot) => !look.smoothed && plot.data[0].length < 2 },
  };
  rows[chartRows.smoothed] = {
    show: look.smoothed,
    width: 2,
    stroke: () => css(look.color),
    spanGaps: true,
    points: { show: (plot) => plot.data[0].length < 2 },
  };
  rows[chartRows.overlay] = {
    width: 1.5,
    stroke: () => css(look.overlayColor),
    dash: [5, 4],
    spanGaps: true,
    points: { show: true, size: 6, width: 1.5, stroke: () => css(look.overlayColor), fill: () => css('--surface') },
  };

  return {
    width: look.width,
    height: look.height,
    padding: [10, look.width < 420 ? 14 : 22, 0, 0],
    legend: { show: false },
    series: rows,
    bands: [{ series: [chartRows.max, chartRows.min], fill: () => withAlpha(css(look.color), 0.16) }],
    scales: {
      x: {
        time: false,
        range: (_plot, min, max) => {
          const chosen = look.range();
          if (chosen) return [chosen.from, chosen.to];
          return min === max ? [min - 0.5, max + 0.5] : [min, max];
        },
      },
      // uPlot declares these numbers as a const enum, which is not there when the program runs.
      // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
      y: look.logarithmic ? { distr: 3, range: (_plot, min, max) => (min > 0 && max > 0 ? [min * 0.9, max * 1.1] : [0.1, 1]) } : {},
    },
    axes: [
      {
        ...axis,
        size: 28,
        gap: 6,
        space: look.width < 420 ? 48 : 70,
        incrs: look.axis === 'time' ? timeSteps : countSteps,
        values: (_plot, splits) => splits.map((value) => (look.axis === 'time' ? formatElapsed(value) : formatInteger(value))),
      },
      { ...axis, size: 48, gap: 4, space: look.height < 200 ? 24 : 34, values: (_plot, splits) => splits.map(formatTick) },
    ],
    cursor: {
      y: false,
      sync: { key: 'run', filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } },
      drag: { x: true, y: false, setScale: false, dist: 8 },
      points: { size: 7, width: 1.5, fill: () => css('--surface') },
      bind: {
        dblclick: () => () => {
          look.onRange(null);
          return null;
        },
      },
    },
    hooks: {
      setCursor: [(plot) => look.onHover(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 8) return;
          look.onRange({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** A mark on the axis, as short as it can be: `0.002` and not `2.00e-3`, `1e-4` and not `0.0001`; null where a logarithmic axis leaves it out. */
function formatTick(value: number | null): string {
  if (value === null) return '';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, 'e');
  if (size >= 10_000) return formatCompact(value);
  return String(Number(value.toPrecision(4)));
}
