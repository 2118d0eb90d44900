// The studio as a program: node --import tsx api/main.ts [--no-quickstart]
import process from 'node:process';
import { createStudio, readConfig, StudioError, type Studio, type StudioConfig } from '@anneal/core';
import { listenProblem } from './listen-problem.ts';
import { createProgressDisplay, type ProgressDisplay } from './progress.ts';
import { startTelemetry } from './operation/telemetry.ts';
import { startServer, type RunningServer } from './server.ts';
import { showRuns } from './show-runs.ts';

const usage =
  'Usage: npm start [-- --no-quickstart]\n  --no-quickstart  do not start the first run of an empty studio by itself\nSettings: PORT, HOST, DATA_DIR, DATABASE_URL, ALLOWED_HOSTS, ALLOWED_ORIGINS, ACCOUNTS, REGISTRATION, SETUP_CODE and others in the environment; docs/operation.md tells of each.';

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StudioError)) throw error;
  fail(error.message);
}

async function main(options: readonly string[]): Promise<void> {
  if (options.includes('--help')) return console.log(usage);
  const unknown = options.find((option) => option !== '--no-quickstart');
  if (unknown !== undefined) return fail(`There is no option ${unknown}.\n${usage}`);

  const config = readConfig();
  const endTelemetry = await startTelemetry();
  const studio = await createStudio(config);
  const server = await listen(studio, config);
  if (!server) return studio.close();

  const stopped = new AbortController();
  const display = createProgressDisplay(process.stdout);
  display.say(welcome(server.url, config.dataFolder, await studio.accounts.setupCode()));
  stopOnSignal(async () => {
    stopped.abort();
    display.say('Stopping. Runs that train go on by themselves; npm start comes back to them.');
    await server.close();
    await studio.close();
    await endTelemetry().catch(() => undefined);
    process.exit(0);
  });
  const progress = showRuns({ studio, display, url: server.url, signal: stopped.signal });
  if (!options.includes('--no-quickstart')) await quickstart(studio, display);
  await progress;
}

/** The studio is of use without it: a quickstart that cannot be started does not end it. */
async function quickstart(studio: Studio, display: ProgressDisplay): Promise<void> {
  try {
    if (await studio.quickstart.startIfEmpty())
      display.say('The studio is empty: starting the quickstart, a short fine-tuning of the bundled model.');
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    display.say(`The quickstart could not be started. ${error.message}`);
  }
}

async function listen(studio: Studio, { port, host, allowedHosts, allowedOrigins }: StudioConfig): Promise<RunningServer | undefined> {
  try {
    return await startServer({ studio, port, host, allowedHosts, allowedOrigins });
  } catch (error) {
    const problem = listenProblem(error, { port, host });
    if (problem === undefined) throw error;
    fail(problem);
    return undefined;
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

function welcome(url: string, dataFolder: string, setupCode: string | undefined): string {
  return `
  Anneal is running.

  Web      ${url}
  GraphQL  ${url}/graphql
  Data     ${dataFolder}
${setupCode === undefined ? '' : `  Set-up   ${setupCode} is the code for the first account, which will be its administrator\n`}
  Ctrl+C stops the studio; runs that train go on.
`;
}

/** The first signal ends in order, the second at once. */
function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1);
      isStopping = true;
      void stop();
    });
  }
}
