// npm run chaos: kills the API, workers and the database at random moments under load, and checks that nothing is lost or doubled.
import process from 'node:process';
import { chaos, type ChaosResult } from './chaos/chaos.ts';
import { readOptions, usage } from './chaos/options.ts';

try {
  const options = readOptions(process.argv.slice(2));
  const result = await chaos(options);
  console.log(options.json ? JSON.stringify(result, null, 2) : told(result));
  process.exitCode = result.problems.length === 0 ? 0 : 1;
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}

function told({ database, servers, kills, seconds, runs, points, followers, connections, acknowledged, problems }: ChaosResult): string {
  const killed = `${kills.api} servers, ${kills.worker} workers, PostgreSQL ${kills.postgresql} times`;
  return [
    `${database}, ${servers} server(s), ${seconds} s: killed ${killed}.`,
    `${runs} runs with ${points} points, ${acknowledged} of them from a trainer elsewhere; ${followers} subscribers, who connected ${connections} times.`,
    problems.length === 0 ? 'Nothing was lost or doubled, and every run ended as it should.' : problems.join('\n'),
  ].join('\n');
}
