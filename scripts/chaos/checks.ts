import fs from 'node:fs';
import path from 'node:path';
import { type JournalLine, parseJournalLine, runFolderAt } from '@anneal/engine';
import type { PrismaClient, Run } from '@anneal/prisma';
import type { Follower } from './follower.ts';
import { type ForeignTrainer, lossAt } from './trainer.ts';

export interface Checked {
  runs: number;
  points: number;
  journalLines: number;
  /** What is not as it must be. */
  problems: string[];
}

interface Situation {
  prisma: PrismaClient;
  dataFolder: string;
  followers: readonly Follower[];
  trainer: ForeignTrainer;
  /** Global ids. */
  cancelled: ReadonlySet<string>;
}

const localId = (globalId: string): string => Buffer.from(globalId, 'base64').toString().split(':')[1] ?? '';

/** Compares what is in the database with the journals, with what was acknowledged, and with what the followers were given. */
export async function check({ prisma, dataFolder, followers, trainer, cancelled }: Situation): Promise<Checked> {
  const problems = [...trainer.problems];
  const runs = await prisma.run.findMany();
  let journalLines = 0;
  for (const run of runs) {
    const tell = (problem: string) => problems.push(`${run.name} (${run.id}, ${run.state}): ${problem}`);
    const stored = await prisma.metricPoint.findMany({ where: { runId: run.id, key: 'loss' }, orderBy: { sequence: 'asc' } });
    const points = stored.map(({ step, value }) => ({ step, value }));
    if (run.source === 'LOGGED') {
      const expected = Array.from({ length: trainer.acknowledged }, (_, index) => ({ step: index + 1, value: lossAt(index + 1) }));
      if (!isSame(bySteps(points), expected)) tell(`${expected.length} points were acknowledged, ${points.length} are stored`);
    } else {
      const lines = readJournal(path.join(dataFolder, 'runs', run.id));
      journalLines += lines.length;
      for (const problem of [...journalProblems(run, lines), ...pointProblems(lines, points)]) tell(problem);
    }
    const mayBe = cancelled.has(globalId(run.id)) ? ['CANCELLED', 'COMPLETED'] : ['COMPLETED'];
    if (!mayBe.includes(run.state)) tell(`should be ${mayBe.join(' or ')}: ${run.errorMessage ?? 'no reason given'}`);
    const events = await prisma.runEvent.findMany({ where: { runId: run.id }, orderBy: { sequence: 'asc' }, select: { sequence: true } });
    if (events.length !== run.eventSequence || events.some(({ sequence }, index) => sequence !== index + 1))
      tell(`has ${events.length} events of ${run.eventSequence}`);
    for (const follower of followers.filter(({ runId }) => localId(runId) === run.id)) {
      if (!follower.isComplete) tell('its follower was never told the end');
      const isGiven = run.source === 'LOGGED' ? isSame(bySteps(follower.seen), bySteps(points)) : isSame(follower.seen, points);
      if (!isGiven) tell(`its follower was given ${follower.seen.length} points of ${points.length}, or in another order`);
    }
  }
  return { runs: runs.length, points: await prisma.metricPoint.count(), journalLines, problems };
}

const globalId = (id: string) => Buffer.from(`Run:${id}`).toString('base64');

/** The points of one call become known together, in no order. */
const bySteps = <Point extends { step: number }>(points: readonly Point[]): Point[] => [...points].sort((a, b) => a.step - b.step);

const isSame = (a: readonly object[], b: readonly object[]): boolean => JSON.stringify(a) === JSON.stringify(b);

function readJournal(folder: string): JournalLine[] {
  const file = runFolderAt(folder).journal;
  if (!fs.existsSync(file)) return [];
  return fs
    .readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text) => parseJournalLine(text) ?? []);
}

function journalProblems(run: Run, lines: readonly JournalLine[]): string[] {
  const problems: string[] = [];
  const hole = lines.findIndex(({ seq }, index) => seq !== index + 1);
  if (hole >= 0) problems.push(`line ${hole + 1} of its journal has the number ${lines[hole]?.seq}`);
  if (run.journalSequence !== lines.length) problems.push(`${run.journalSequence} of ${lines.length} journal lines are stored`);
  return problems;
}

/** Each loss of the journal is stored once, in its order. */
function pointProblems(lines: readonly JournalLine[], points: readonly { step: number; value: number | null }[]): string[] {
  const told = lines.flatMap((line) => {
    const value = line.type === 'metrics' ? line.values.loss : undefined;
    return line.type === 'metrics' && value !== undefined ? [{ step: line.step, value }] : [];
  });
  const hole = told.findIndex(({ step }, index) => step !== index + 1);
  return [
    ...(hole >= 0 ? [`step ${hole + 1} is missing or told twice in its journal`] : []),
    ...(isSame(points, told) ? [] : [`${told.length} losses are in its journal, ${points.length} in the database`]),
  ];
}
