import { spawn } from 'node:child_process';

/** A command of the set-up failed; `output` is all that it printed. */
export class CommandFailed extends Error {
  /**
   * @param {string} what
   * @param {string} output
   */
  constructor(what, output) {
    super(what);
    this.name = 'CommandFailed';
    this.output = output;
  }
}

/**
 * Runs a command quietly. What it prints is kept and handed out only when it fails.
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, shell?: boolean }} options
 * @returns {Promise<string>} what it printed, stdout and stderr as they came
 * @throws {CommandFailed} when it cannot be started, ends with a code other than 0, or by a signal
 */
export function runQuietly(file, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    const output = () => Buffer.concat(chunks).toString('utf8');
    const stop = stopWith(child);
    child.once('error', (error) => {
      stop();
      reject(new CommandFailed(`${file} could not be started: ${error.message}`, output()));
    });
    child.once('close', (code, signal) => {
      stop();
      if (code === 0) resolve(output());
      else
        reject(
          new CommandFailed(`${[file, ...args].join(' ')} ${signal ? `was ended by ${signal}` : `failed with code ${code}`}`, output()),
        );
    });
  });
}

/**
 * Sends the signals that end this process to a child first, so that nothing is left running.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} undoes it
 */
function stopWith(child) {
  const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
    child.kill(signal);
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}
