import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { countResults } from './report.mjs';

/**
 * @typedef {import('./steps.mjs').Step} Step
 * @typedef {{ step: Step, ok: boolean, seconds: number, passed: number, failed: number }} Result
 */

/**
 * Runs one step to its end. Its output is shown as it comes (`live`) or, held back until the end, only when it failed.
 * @param {string} root the repository
 * @param {Step} step
 * @param {{ live: boolean, say: (text: string) => void }} options
 * @returns {Promise<Result>}
 */
export async function runStep(root, step, { live, say }) {
  const missing = await step.missing?.();
  if (missing !== undefined) {
    // On a machine of somebody who works on something else it is left out; the gate that counts runs everything.
    const ok = !process.env.CI;
    say(`${ok ? 'NOT RUN' : 'FAILED'}  ${step.name}: ${missing}. ${step.about} WERE NOT RUN.`);
    return { step, ok, seconds: 0, passed: 0, failed: 0 };
  }
  const report = step.report ? path.join(root, step.report) : undefined;
  if (report) {
    fs.mkdirSync(path.dirname(report), { recursive: true });
    fs.rmSync(report, { force: true });
  }
  const started = performance.now();
  const { code, output } = await execute(root, step, live);
  const seconds = (performance.now() - started) / 1000;
  const counts = report ? countResults(report) : { passed: 0, failed: 0 };
  const ok = code === 0 && counts.failed === 0 && (!report || counts.passed > 0);
  if (!ok && !live) say(`\n── ${step.name} ──\n${output.trimEnd()}\n`);
  const tests = report ? ` · ${counts.passed} passed, ${counts.failed} failed` : '';
  say(`${ok ? 'ok    ' : 'FAILED'}  ${step.name.padEnd(12)}  ${seconds.toFixed(1).padStart(6)} s  ${step.about}${tests}`);
  return { step, ok, seconds, ...counts };
}

/**
 * @param {string} root
 * @param {Step} step
 * @param {boolean} live
 * @returns {Promise<{ code: number, output: string }>}
 */
function execute(root, step, live) {
  return new Promise((resolve) => {
    const [file = '', ...args] = step.command;
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0', NO_UPDATE_NOTIFIER: '1', ...step.env },
      stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    });
    /** @type {Buffer[]} */
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
