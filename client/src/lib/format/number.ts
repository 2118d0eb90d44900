const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** A measured value in at most seven characters: 4 significant digits, `2.00e-4` below a thousandth, `123K` from 100,000. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3) return value.toExponential(2);
  if (size >= 99_999.5) return compact.format(value);
  if (size >= 999.95) return grouped.format(value);
  return value.toPrecision(4);
}

/** A whole number with thousands separators: `12,345`. */
export const formatInteger = (value: number): string => grouped.format(value);

/** A large number in three digits: `135M`. */
export const formatCompact = (value: number): string => compact.format(value);

/** A share from 0 to 1 as a whole percentage that says 100 % only when it is all done. */
export const formatPercent = (share: number): string => `${share >= 1 ? 100 : Math.min(99, Math.floor(Math.max(0, share) * 100))} %`;
