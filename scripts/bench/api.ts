/*
 * npm run bench:api -- [--json] [--database postgresql://…] [--only journal,logging,series,list,page,executions,cached] [--rounds 9] [--scale 1]
 *
 * What the API must reach, each measure beside its bar; docs/performance.md says how each is taken. Everything runs in one process, the
 * client too: on SQLite in a temporary folder, or on a database that is empty. It takes a minute or two; --scale 0.1 makes a tenth of
 * the points and runs, to see that it works: its figures are not those of the bars.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { globalId } from '@anneal/schema';
import { z } from 'zod';
import { openBenchStudio, type BenchStudio } from './api/bench-studio.ts';
import { besideExecutions, cachedExecution, measureBesideExecutions, measureCachedExecution } from './api/executions.ts';
import { fromJournal, fromOutside, JournalWriter, measureJournal, measureLogging } from './api/ingest.ts';
import { longSeries, measureLongSeries, measureRunsList, measureRunsPage, runsList, runsPage } from './api/reads.ts';
import { type Finding, type MeasureSpec, notMeasured } from './measure.ts';
import { inWords } from './table.ts';

const names = ['journal', 'logging', 'series', 'list', 'page', 'executions', 'cached'] as const;
const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, database: text, only: text, rounds: text, scale: text },
});
const options = z
  .object({
    only: z
      .string()
      .transform((list) => list.split(',').filter(Boolean))
      .pipe(z.array(z.enum(names)).min(1))
      .default([...names]),
    rounds: z.coerce.number().int().min(1).default(9),
    scale: z.coerce.number().positive().max(1).default(1),
  })
  .parse(values);
const scaled = (number: number) => Math.ceil(number * options.scale);
const runId = (id: string) => globalId('Run', id);

interface Part {
  spec: MeasureSpec;
  measure: (bench: BenchStudio) => Promise<Finding>;
}
const lines = scaled(20_000);
const writer = new JournalWriter(lines);
const parts: Record<(typeof names)[number], Part> = {
  journal: { spec: fromJournal, measure: (bench) => measureJournal(bench, writer, lines) },
  logging: { spec: fromOutside, measure: (bench) => measureLogging(bench, runId, scaled(200_000)) },
  series: { spec: longSeries, measure: (bench) => measureLongSeries(bench, runId, scaled(1_000_000), options.rounds) },
  list: { spec: runsList, measure: (bench) => measureRunsList(bench, scaled(10_000), options.rounds) },
  executions: { spec: besideExecutions, measure: (bench) => measureBesideExecutions(bench, scaled(200), 20) },
  cached: { spec: cachedExecution, measure: (bench) => measureCachedExecution(bench, scaled(300)) },
  page: { spec: runsPage, measure: (bench) => measureRunsPage(bench, runId, scaled(10_000), options.rounds) },
};

const findings: Finding[] = [];
const bench = await openBenchStudio(writer, values.database);
try {
  for (const name of options.only) {
    console.error(`${parts[name].spec.measure}…`);
    findings.push(await parts[name].measure(bench).catch((error: unknown) => notMeasured(parts[name].spec, error)));
  }
} finally {
  await bench.close();
}
const machine = { cpu: os.cpus()[0]?.model.trim() ?? 'unknown', cores: os.availableParallelism(), node: process.versions.node };
const database = values.database === undefined ? 'SQLite' : 'PostgreSQL';
if (values.json) console.log(JSON.stringify({ machine, database, scale: options.scale, measures: findings }, undefined, 2));
else console.log(inWords(findings));
if (findings.some(({ isWrong, value }) => isWrong || value === null)) process.exitCode = 1;
