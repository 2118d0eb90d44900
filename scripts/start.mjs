// npm start: sets up what is missing, then runs the studio in the foreground.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root, setUp } from './setup.mjs';

if (!(await setUp((line) => console.error(line)))) process.exit(1);

// Without it GraphQL.js looks at every value twice.
const env = { NODE_ENV: 'production', ...process.env };
// Compiled, it is there in a third of the time.
const program = ['engine/compiled/run.mjs', 'api/main.ts', ...process.argv.slice(2)];
const studio = spawn(process.execPath, program, { cwd: root, env, stdio: 'inherit' });

// At a terminal, Ctrl+C reaches the studio by itself: passing it on would make it two.
const atTerminal = process.stdin.isTTY;
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !atTerminal) studio.kill(signal);
  });
}

studio.once('error', (error) => {
  console.error(`The studio could not be started: ${error.message}`);
  process.exit(1);
});
studio.once('exit', (code, signal) => {
  process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0));
});
