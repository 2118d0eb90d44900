import type { Bar, Figures, Finding } from './measure.ts';

/** The findings for people: one line each, and why some are missing. */
export function inWords(findings: readonly Finding[]): string {
  const rows = findings.map(({ measure, value, unit, bar, met, figures }) => [
    measure,
    value === null ? 'not measured' : withUnit(value, unit),
    barInWords(bar, unit),
    met === null ? '' : met ? 'met' : 'missed',
    figures ? figureInWords(figures.ours, figures.unit) : '',
    figures && figures.other !== null ? figureInWords(figures.other, figures.unit) : '',
  ]);
  const all = [['', 'value', 'bar', '', 'Anneal', 'compared with'], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = all.map((row) =>
    row
      .map((cell, column) => (column === 0 || column === 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const reasons = new Set(findings.flatMap(({ reason }) => reason ?? []));
  return [...lines, ...[...reasons].map((reason) => `\nNot measured: ${reason}`)].join('\n');
}

const withUnit = (value: number, unit: Finding['unit']): string => `${inDigits(value)}${unit && ` ${unit}`}`;

/** Three digits; small numbers as powers of ten. */
const inDigits = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));

function figureInWords(value: number, unit: Figures['unit']): string {
  if (unit === 'bytes') return `${(value / 2 ** 30).toFixed(2)} GiB`;
  return unit === 'FLOP/s' ? `${(value / 1e9).toFixed(0)} GFLOP/s` : `${value.toFixed(0)} ${unit}`;
}

function barInWords(bar: Bar, unit: Finding['unit']): string {
  if ('atLeast' in bar) return `≥ ${withUnit(bar.atLeast, unit)}`;
  return 'atMost' in bar ? `≤ ${withUnit(bar.atMost, unit)}` : `< ${withUnit(bar.below, unit)}`;
}
