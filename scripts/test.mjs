// npm test: the whole gate. npm test -- --only types,lint runs some of its steps; --list names them.
import { parseArgs } from 'node:util';
import { root, setUp } from './setup.mjs';
import { runStep } from './test/run-step.mjs';
import { narrowSteps, wideSteps } from './test/steps.mjs';

const say = (/** @type {string} */ text) => console.log(text);
const steps = [...narrowSteps, ...wideSteps];
const only = chosen();

const started = performance.now();
if (!(await setUp(say))) process.exit(1);

const isChosen = (/** @type {import('./test/steps.mjs').Step} */ step) => only.length === 0 || only.includes(step.name);
/** @type {import('./test/run-step.mjs').Result[]} */
const results = [];

// On the two cores that most machines have for it, at least.
const waiting = narrowSteps.filter(isChosen);
const lane = async () => {
  for (let step = waiting.shift(); step; step = waiting.shift()) results.push(await runStep(root, step, { live: false, say }));
};
await Promise.all([lane(), lane()]);
for (const step of wideSteps.filter(isChosen)) {
  say(`\n── ${step.name} ──`);
  results.push(await runStep(root, step, { live: true, say }));
}

const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
const bad = results.filter((result) => !result.ok).map((result) => result.step.name);
const ranTests = only.length === 0 || results.some((result) => result.step.report);
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
say(`\n${bad.length === 0 ? `All ${results.length} steps passed` : `Failed: ${bad.join(', ')}`} (${minutes} min)`);
if (ranTests) say(`${passed} passed, ${failed} failed`);
process.exitCode = bad.length > 0 || (ranTests && passed === 0) ? 1 : 0;

/** The names after `--only`, checked. */
function chosen() {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } });
    if (values.list) {
      for (const step of steps) say(`${step.name.padEnd(14)}${step.about}`);
      process.exit(0);
    }
    const names = values.only?.split(',').filter(Boolean) ?? [];
    const unknown = names.filter((name) => !steps.some((step) => step.name === name));
    if (unknown.length > 0)
      throw new Error(`There is no step named ${unknown.join(', ')}. Steps: ${steps.map((step) => step.name).join(', ')}`);
    return names;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  }
}
