import { expect, it } from 'vitest';
import { metricsCsv } from './csv.ts';
import { pointBucket, Series } from './series.ts';

it('writes one row a bucket and quotes what needs it', () => {
  const series = new Series('a,"b"', 'nats');
  series.append(pointBucket(1, 0.5, Date.parse('2025-06-15T12:00:00.000Z')));
  expect(metricsCsv([series])).toBe(
    'metric,unit,from_step,to_step,points,min,max,last,time\r\n"a,""b""",nats,1,1,1,0.5,0.5,0.5,2025-06-15T12:00:00.000Z\r\n',
  );
});
