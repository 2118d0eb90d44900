import { isEnded, metricSummaries, secondsLeft, type Studio } from '@anneal/core';
import { globalId } from '@anneal/schema';
import type { ProgressDisplay } from './progress.ts';
import { duration, type RunProgress } from './progress-bar.ts';

type Run = NonNullable<Awaited<ReturnType<Studio['prisma']['run']['findUnique']>>>;

export interface ShowRunsOptions {
  studio: Studio;
  display: ProgressDisplay;
  /** Where the web client is. */
  url: string;
  /** Ends it. */
  signal: AbortSignal;
}

/** Shows how the runs go, those too that were under way when the studio started, and how each one ends. */
export async function showRuns({ studio, display, url, signal }: ShowRunsOptions): Promise<void> {
  const going = new Set<string>();
  const look = async (id: string) => {
    const run = await studio.prisma.run.findUnique({ where: { id } });
    if (!run || signal.aborted) return;
    if (run.state === 'PAUSED') {
      if (going.delete(id)) display.say(`${run.name} is paused after step ${run.step}.`);
    } else if (!isEnded(run.state)) {
      going.add(id);
      if (run.state !== 'QUEUED') display.update(progressOf(run));
    } else if (going.delete(id)) {
      display.say(ending(run, url));
    }
  };

  const changes = studio.streams.runs({ signal })[Symbol.asyncIterator]();
  // Listens from here on, so that nothing is missed while the first ones are read.
  let change = changes.next();
  for (const { id } of await studio.prisma.run.findMany({
    where: { finishedAt: null },
    orderBy: { createdAt: 'asc' },
    select: { id: true },
  }))
    await look(id);
  for (let result = await change; !result.done; result = await change) {
    await look(result.value.id);
    change = changes.next();
  }
}

function progressOf(run: Run): RunProgress {
  const { name, step, totalSteps } = run;
  return {
    name,
    step,
    totalSteps,
    loss: last(run, 'loss'),
    tokensPerSecond: last(run, 'tokensPerSecond'),
    secondsLeft: secondsLeft(run, new Date()),
  };
}

function ending(run: Run, url: string): string {
  const { name, state, step, startedAt, finishedAt } = run;
  if (state === 'FAILED') return `${name} failed after step ${step}: ${run.errorMessage ?? 'for no known reason'}`;
  const took = startedAt && finishedAt ? ` in ${duration((finishedAt.getTime() - startedAt.getTime()) / 1000)}` : '';
  const loss = last(run, 'loss');
  const figures = `${step} steps${took}${loss === null ? '' : `, loss ${loss.toFixed(4)}`}`;
  if (state === 'CANCELLED') return `${name} was cancelled: ${figures}.`;
  return `${name} is done: ${figures}. Look at it and try the tuned model: ${url}/runs/${encodeURIComponent(globalId('Run', run.id))}`;
}

const last = ({ summary }: Run, key: string): number | null => metricSummaries(summary).find((metric) => metric.key === key)?.last ?? null;
