import type { LoggedPoint } from '@anneal/core';
import { z } from 'zod';
import { measured, type Finding, type MeasureSpec } from '../measure.ts';
import { median } from '../statistics.ts';
import type { BenchStudio } from './bench-studio.ts';

export const longSeries: MeasureSpec = { measure: 'series of 1,000,000 points to 2,000 buckets', unit: 's', bar: { below: 0.05 } };
export const runsList: MeasureSpec = { measure: 'list of runs with 10,000 runs, over HTTP', unit: 's', bar: { below: 0.05 } };
export const runsPage: MeasureSpec = { measure: 'page of 10 runs × 10 metrics × 10,000 points, over HTTP', unit: 's', bar: { below: 1 } };

/** Logs a curve or several, in calls of 5,000 points. */
async function fill({ studio, viewer }: BenchStudio, runId: string, keys: readonly string[], steps: number): Promise<void> {
  const time = new Date();
  const stepsACall = Math.floor(5000 / keys.length);
  for (let from = 0; from < steps; from += stepsACall) {
    const points: LoggedPoint[] = [];
    for (let step = from; step < Math.min(steps, from + stepsACall); step++)
      for (const [index, key] of keys.entries())
        points.push({ key, step, value: Math.sin(step / 100) + index, epoch: step, tokens: step, time });
    await studio.loggedRuns.log(viewer, runId, points);
  }
}

async function times(rounds: number, round: () => Promise<number>): Promise<number[]> {
  const seconds: number[] = [];
  for (let count = 0; count < rounds; count++) seconds.push(await round());
  return seconds;
}

const seriesDocument = `query ($ids: [ID!]!, $keys: [String!]!, $maxPoints: Int!) {
  nodes(ids: $ids) { ... on Run {
    name state step metricsCursor summary { key unit last nonFinite lastStep }
    series(keys: $keys, maxPoints: $maxPoints) { key unit buckets { fromStep toStep min max last nonFinite count time } }
  } }
}`;

const seriesSchema = z.object({ nodes: z.array(z.object({ series: z.array(z.object({ buckets: z.array(z.unknown()) })) })) });

/** What the service takes, and, in the details, the answer to a query over HTTP. */
export async function measureLongSeries(
  bench: BenchStudio,
  globalId: (id: string) => string,
  points: number,
  rounds: number,
): Promise<Finding> {
  const { studio, viewer, send } = bench;
  const { id } = await studio.loggedRuns.create(viewer, { name: 'Long' });
  await fill(bench, id, ['loss'], points);
  const run = await studio.loggedRuns.finish(viewer, { runId: id, state: 'COMPLETED' });
  let buckets = 0;
  const read = async () => {
    const begun = performance.now();
    const [series] = await studio.metrics.series(run, ['loss'], { maxPoints: 2000 });
    buckets = series?.buckets.length ?? 0;
    return (performance.now() - begun) / 1000;
  };
  const body = JSON.stringify({ query: seriesDocument, variables: { ids: [globalId(id)], keys: ['loss'], maxPoints: 2000 } });
  // The first ones compile statements.
  await times(3, read);
  const seconds = await times(rounds, read);
  const overHttp = await times(rounds, async () => (await send(body, seriesSchema)).seconds);
  return measured(longSeries, median(seconds), {
    holds: buckets >= 1000,
    details: { points, buckets, rounds: seconds, overHttp: median(overHttp) },
  });
}

const listDocument = `query ($first: Int!) { runs(first: $first, orderBy: { field: CREATED_AT, direction: DESC }) {
  totalCount pageInfo { hasNextPage endCursor }
  edges { node { id name state createdAt startedAt finishedAt step totalSteps progress secondsLeft attempts experiment { id name }
    error { code message } summary(keys: ["loss", "tokensPerSecond"]) { key last lastStep } } }
} }`;

/** The first page of fifty, as the list of the web client asks for it. */
export async function measureRunsList({ studio, viewer, send }: BenchStudio, runs: number, rounds: number): Promise<Finding> {
  const { projectId, experimentId } = await studio.loggedRuns.create(viewer, { name: 'First' });
  const entry = { last: 1.5, nonFinite: null, lastStep: 1000, min: 1, max: 3, count: 1000, nonFiniteCount: 0 };
  const summary = Object.fromEntries(
    ['loss', 'tokensPerSecond', ...Array.from({ length: 8 }, (_, index) => `metric${index}`)].map((key) => [key, entry]),
  );
  const prefix = Date.now().toString(36);
  for (let from = 1; from < runs; from += 500) {
    const data = Array.from({ length: Math.min(500, runs - from) }, (_, index) => ({
      ...{
        id: `${prefix}x${from + index}`,
        name: `Run ${from + index}`,
        searchText: `run ${from + index}\n`,
        projectId,
        experimentId,
        config: { note: 'x'.repeat(2000) },
      },
      ...{
        state: 'COMPLETED' as const,
        source: 'LOGGED' as const,
        step: 1000,
        totalSteps: 1000,
        summary,
        createdAt: new Date(Date.now() - (from + index) * 60_000),
      },
    }));
    await studio.prisma.run.createMany({ data });
  }
  const body = JSON.stringify({ query: listDocument, variables: { first: 50 } });
  let total = 0;
  const round = async () => {
    const { data, seconds } = await send(body, z.object({ runs: z.object({ totalCount: z.number() }) }));
    total = data.runs.totalCount;
    return seconds;
  };
  await times(3, round);
  const seconds = await times(rounds, round);
  return measured(runsList, median(seconds), { holds: total >= runs, details: { runs: total, page: 50, rounds: seconds } });
}

/** Every curve of every run in one answer, in at most 500 buckets each. */
export async function measureRunsPage(
  bench: BenchStudio,
  globalId: (id: string) => string,
  steps: number,
  rounds: number,
): Promise<Finding> {
  const { studio, viewer, send } = bench;
  const keys = Array.from({ length: 10 }, (_, index) => `metric${index}`);
  const ids: string[] = [];
  for (let count = 0; count < 10; count++) {
    const { id } = await studio.loggedRuns.create(viewer, { name: `Page ${count}` });
    await fill(bench, id, keys, steps);
    ids.push(id);
  }
  const body = JSON.stringify({ query: seriesDocument, variables: { ids: ids.map(globalId), keys, maxPoints: 500 } });
  let buckets = 0;
  const round = async () => {
    const { data, seconds } = await send(body, seriesSchema);
    buckets = Math.min(...data.nodes.flatMap(({ series }) => series.map((one) => one.buckets.length)));
    return seconds;
  };
  await times(1, round);
  const seconds = await times(rounds, round);
  return measured(runsPage, median(seconds), {
    holds: buckets >= Math.min(steps, 250),
    details: { steps, fewestBuckets: buckets, rounds: seconds },
  });
}
