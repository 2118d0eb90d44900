// Many subscribers in one process. Argument: the task, as JSON.
import process from 'node:process';
import { emptyHistogram } from './histogram.ts';
import { type FromSubscribers, type Report, taskSchema } from './messages.ts';
import { type Manner, Subscriber } from './subscriber.ts';

/** Connections that are made at the same time. */
const atOnce = 50;
/** How long after the last point everybody must have it. Milliseconds. */
const patience = 60_000;

const { steady, withTroublesome, ...task } = taskSchema.parse(JSON.parse(process.argv[2] ?? ''));
const latency = emptyHistogram();
const manners: Manner[] = [
  ...Array.from({ length: steady }, (): Manner => 'steady'),
  ...(withTroublesome ? (['restless', 'stalled'] as const) : []),
];
const subscribers = manners.map((manner) => new Subscriber({ ...task, manner, ...(manner === 'steady' && { latency }) }));
const tell = (message: FromSubscribers) => void process.send?.(message);

for (let start = 0; start < subscribers.length; start += atOnce)
  await Promise.all(subscribers.slice(start, start + atOnce).map((subscriber) => subscriber.connect()));
tell({ type: 'ready' });

process.once('message', () => {
  const before = process.cpuUsage();
  for (const subscriber of subscribers) subscriber.misbehave();
  const end = () => {
    const { user, system } = process.cpuUsage(before);
    tell({ type: 'report', report: report((user + system) / 1e6) });
  };
  const late = setTimeout(end, task.seconds * 1000 + patience);
  void Promise.all(subscribers.map(({ done }) => done)).then(() => {
    clearTimeout(late);
    end();
  });
});
process.once('disconnect', () => process.exit(0));

function report(cpu: number): Report {
  const total = (name: keyof Subscriber['counts']) => subscribers.reduce((sum, { counts }) => sum + counts[name], 0);
  return {
    complete: subscribers.filter(({ isComplete }) => isComplete).length,
    points: total('points'),
    duplicates: total('duplicates'),
    gaps: total('gaps'),
    cut: total('cut'),
    reconnections: total('connections') - subscribers.length,
    latency,
    cpu,
  };
}
