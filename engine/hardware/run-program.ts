import { spawn } from 'node:child_process';
import { nodeArguments } from '../compiled/node-arguments.ts';

export interface ProgramOptions {
  environment?: NodeJS.ProcessEnv;
  /** Milliseconds after which it is ended. */
  patience?: number;
}

export interface ProgramResult {
  /** Exit code; the signal that ended it; or `timeout`. */
  code: number | string;
  output: string;
  complaint: string;
}

/** Runs a TypeScript program of the engine in a process of its own, to its end. */
export function runProgram(
  program: string,
  args: readonly string[],
  { environment = process.env, patience }: ProgramOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeArguments, program, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let [output, complaint] = ['', ''];
    let isLate = false;
    const timer =
      patience === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true;
            child.kill('SIGKILL');
          }, patience);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: isLate ? 'timeout' : (signal ?? code ?? 1), output, complaint });
    });
  });
}

/** The last line of a program's output, which is JSON; null when it is not. */
export function lastLine(output: string): unknown {
  try {
    return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
  } catch {
    return null;
  }
}
