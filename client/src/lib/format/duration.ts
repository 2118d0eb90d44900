const two = (value: number): string => String(value).padStart(2, '0');

/** Seconds as people say them: `0.4 s`, `42 s`, `3 min 05 s`, `1 h 02 min`, `2 d 03 h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const positive = Math.max(0, seconds);
  if (positive < 10 && !Number.isInteger(positive)) return `${positive.toFixed(1)} s`;
  const whole = Math.round(positive);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(positive / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(positive / 3600);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}
