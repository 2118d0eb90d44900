import type { Series } from './series.ts';

/** Everything that the charts hold, as a table: one row a bucket. RFC 4180. */
export function metricsCsv(metrics: readonly Series[]): string {
  const rows = ['metric,unit,from_step,to_step,points,min,max,last,time'];
  for (const series of metrics) {
    for (let index = 0; index < series.length; index += 1) {
      const bucket = series.at(index);
      if (!bucket) continue;
      const { fromStep, toStep, count, min, max, last, time } = bucket;
      rows.push([quoted(series.key), quoted(series.unit), fromStep, toStep, count, min, max, last, new Date(time).toISOString()].join(','));
    }
  }
  return `${rows.join('\r\n')}\r\n`;
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
