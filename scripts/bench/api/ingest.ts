import fs from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import type { Launcher } from '@anneal/core';
import { quickstartConfig } from '@anneal/engine';
import { z } from 'zod';
import { measured, type Finding, type MeasureSpec } from '../measure.ts';
import { median } from '../statistics.ts';
import type { BenchStudio } from './bench-studio.ts';

const bar = { atLeast: 50_000 };
export const fromJournal: MeasureSpec = { measure: 'points stored from the journal of a worker', unit: 'points/s', bar };
export const fromOutside: MeasureSpec = { measure: 'points stored from logMetrics, over HTTP', unit: 'points/s', bar };

/** After that something is wrong. */
const mostSeconds = 120;
const keys = Array.from({ length: 10 }, (_, index) => `metric${index}`);
const value = (step: number, index: number) => Math.sin(step / 100) + index;

/** Workers that write all of their journal at once, and live on. */
export class JournalWriter implements Launcher {
  readonly #lines: number;
  /** When the last journal was there. Milliseconds, as `performance.now` counts. */
  writtenAt = 0;

  constructor(lines: number) {
    this.#lines = lines;
  }

  async start(folder: string): Promise<void> {
    const started = {
      ...{ seq: 1, time: Date.now(), type: 'started', step: 0, totalSteps: this.#lines, device: 'cpu', threads: 1 },
      ...{ parameters: 1, trainableParameters: 1, trainExamples: 1, validationExamples: 0 },
    };
    const lines = [started, ...Array.from({ length: this.#lines }, (_, step) => metricsLine(step + 1))];
    const file = path.join(folder, 'journal.ndjson');
    await fs.writeFile(`${file}.new`, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    this.writtenAt = performance.now();
    await fs.rename(`${file}.new`, file);
  }

  isAlive(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

const metricsLine = (step: number) => ({
  ...{ seq: step + 1, time: Date.now(), type: 'metrics', step, epoch: step / 1000, tokens: step * 512 },
  values: Object.fromEntries(keys.map((key, index) => [key, value(step, index)])),
});

/** From the moment that the journal is there to the commit of its last line: noticing, reading, parsing, storing with rollups. */
export async function measureJournal({ studio, viewer }: BenchStudio, writer: JournalWriter, lines: number): Promise<Finding> {
  const { id } = await studio.runs.start(viewer, { name: 'From a journal', config: quickstartConfig });
  const cpu = process.cpuUsage();
  const select = { journalSequence: true };
  for (const end = performance.now() + mostSeconds * 1000; performance.now() < end; await setTimeout(10)) {
    const { journalSequence } = await studio.prisma.run.findUniqueOrThrow({ where: { id }, select });
    if (journalSequence <= lines) continue;
    const points = lines * keys.length;
    const seconds = (performance.now() - writer.writtenAt) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return measured(fromJournal, points / seconds, {
      details: { points, metrics: keys.length, seconds, cpuSeconds: (user + system) / 1e6 },
    });
  }
  throw new Error(`The journal was not stored within ${mostSeconds} s.`);
}

const document = `mutation ($input: LogMetricsInput!) {
  logMetrics(input: $input) { __typename ... on LogMetricsSuccess { data { accepted } } ... on Error { message } }
}`;
const loggedSchema = z.object({
  logMetrics: z.object({ data: z.object({ accepted: z.number() }).optional(), message: z.string().optional() }),
});
const pointsACall = 5000;

/** Calls of 5,000 points one after the other, each answered after its commit; the median over the calls. */
export async function measureLogging(
  { studio, viewer, send }: BenchStudio,
  runId: (id: string) => string,
  points: number,
): Promise<Finding> {
  const { id } = await studio.loggedRuns.create(viewer, { name: 'From outside' });
  const calls = Math.ceil(points / pointsACall);
  const stepsACall = pointsACall / keys.length;
  const rates: number[] = [];
  let cpuSeconds = 0;
  for (let call = 0; call < calls; call++) {
    const steps = Array.from({ length: stepsACall }, (_, index) => call * stepsACall + index);
    const time = new Date().toISOString();
    const logged = steps.flatMap((step) =>
      keys.map((key, index) => ({ key, step, value: value(step, index), epoch: step / 1000, tokens: step * 512, time })),
    );
    const body = JSON.stringify({ query: document, variables: { input: { runId: runId(id), points: logged } } });
    const cpu = process.cpuUsage();
    const { data, seconds } = await send(body, loggedSchema);
    if (data.logMetrics.data?.accepted !== pointsACall) throw new Error(data.logMetrics.message ?? 'points are missing');
    const { user, system } = process.cpuUsage(cpu);
    cpuSeconds += (user + system) / 1e6;
    rates.push(pointsACall / seconds);
  }
  await studio.loggedRuns.finish(viewer, { runId: id, state: 'COMPLETED' });
  return measured(fromOutside, median(rates), { details: { points: calls * pointsACall, pointsACall, metrics: keys.length, cpuSeconds } });
}
