/** 12,345 */
export const inCount = (n: number): string => Math.round(n).toLocaleString('en-US');

/** 1.2 GiB */
export function inBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? ''}`;
}

/** 45 s, 12 min 5 s, 3 h 12 min, 2 d 4 h */
export function inDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const first = parts.findIndex((part) => part > 0);
  return ['d', 'h', 'min', 's']
    .map((unit, index) => ({ index, text: `${parts[index] ?? 0} ${unit}`, isZero: parts[index] === 0 }))
    .filter(({ index, isZero }) => index >= first && index < first + 2 && !isZero)
    .map(({ text }) => text)
    .join(' ');
}
