/** An SVG path through the values, evenly spaced, the lowest at the bottom; empty below two finite values. */
export function sparklinePath(values: readonly number[], width: number, height: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return '';
  const lowest = Math.min(...finite);
  const span = Math.max(...finite) - lowest || 1;
  return finite
    .map((value, index) => {
      const x = (index / (finite.length - 1)) * width;
      const y = height - 1 - ((value - lowest) / span) * (height - 2);
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
