/*
 * npm run load -- [--json] [--subscribers 1000] [--rate 50] [--seconds 60] [--processes 1]
 *
 * How many can follow one run live. A studio in a process of its own; a worker process that appends points to the journal of a run,
 * evenly; processes of subscribers, each a bare WebSocket that speaks graphql-transport-ws, all with the same document. Two more do not
 * behave: one connects again every second, one does not read for the middle third. Each checks that it gets every step once and in
 * order, going on by cursor after a break. Latency is the time from the line in the journal to the steady subscriber that has parsed
 * it, by the clock of this machine. Everything is on 127.0.0.1 and ends by itself.
 */
import os from 'node:os';
import process from 'node:process';
import { quantile, sum } from './histogram.ts';
import { measure, type Measured } from './measure.ts';
import { memoryTrend } from './memory-trend.ts';
import { checkOpenFiles } from './open-files.ts';
import { type LoadOptions, readOptions, usage } from './options.ts';

try {
  const options = readOptions(process.argv.slice(2));
  checkOpenFiles(options.subscribers);
  const figures = figuresOf(options, await measure(options, (line) => console.error(line)));
  console.log(options.json ? JSON.stringify(figures, undefined, 2) : inWords(figures));
  if (!figures.exactlyOnce) process.exitCode = 1;
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exitCode = 1;
}

type Figures = ReturnType<typeof figuresOf>;

function figuresOf({ subscribers, rate, seconds, processes }: LoadOptions, { reports, usages }: Measured) {
  const total = (name: 'complete' | 'points' | 'duplicates' | 'gaps' | 'cut' | 'reconnections' | 'cpu') =>
    reports.reduce((all, report) => all + report[name], 0);
  const latency = sum(reports.map((report) => report.latency));
  const [first, last] = [usages[0], usages.at(-1)];
  const counts = {
    expected: (subscribers + 2) * rate * seconds,
    received: total('points'),
    duplicates: total('duplicates'),
    gaps: total('gaps'),
  };
  return {
    machine: { cpu: os.cpus()[0]?.model ?? '', cores: os.availableParallelism(), node: process.version },
    asked: { subscribers, rate, seconds, processes },
    exactlyOnce: total('complete') === subscribers + 2 && counts.received === counts.expected,
    complete: total('complete'),
    points: counts,
    cut: total('cut'),
    reconnections: total('reconnections'),
    /** Milliseconds. */
    latency: { p50: quantile(latency, 0.5), p90: quantile(latency, 0.9), p99: quantile(latency, 0.99), most: quantile(latency, 1) },
    server: {
      /** Of one core. */
      cpu: first && last && last.time > first.time ? ((last.cpu - first.cpu) * 1000) / (last.time - first.time) : null,
      /** Resident bytes: when points began, at the end, and growth a minute in the second half. */
      memory: { first: first?.memory ?? null, last: last?.memory ?? null, growth: memoryTrend(usages) },
    },
    /** Seconds of all cores. */
    subscribersCpu: total('cpu'),
  };
}

function inWords({ asked, exactlyOnce, complete, points, cut, reconnections, latency, server, subscribersCpu }: Figures): string {
  const mebibytes = (bytes: number | null) => (bytes === null ? 'not known' : `${(bytes / 2 ** 20).toFixed(1)} MiB`);
  return [
    `${asked.subscribers} subscribers, ${asked.rate} points/s, ${asked.seconds} s: ${exactlyOnce ? 'every point exactly once for each' : 'NOT every point exactly once'}`,
    `  complete     ${complete} of ${asked.subscribers + 2}; ${points.received} of ${points.expected} points, ${points.duplicates} twice, ${points.gaps} left out; ${cut} cut, ${reconnections} reconnections`,
    `  latency      p50 ${latency.p50} ms, p90 ${latency.p90} ms, p99 ${latency.p99} ms, most ${latency.most} ms`,
    `  server       ${server.cpu?.toFixed(2) ?? '?'} of a core; memory ${mebibytes(server.memory.first)} → ${mebibytes(server.memory.last)}, in the second half ${mebibytes(server.memory.growth)} a minute`,
    `  subscribers  ${(subscribersCpu / asked.seconds).toFixed(2)} of a core`,
  ].join('\n');
}
