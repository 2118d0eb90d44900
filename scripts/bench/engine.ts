/*
 * npm run bench:engine -- [--json] [--compare] [--only speed,quantised,rate,memory,instructions,losses,resume,start] [--layers 30]
 *   [--batch 4] [--length 256] [--steps 5] [--rounds 3] [--loss-steps 50] [--quantised-steps 200] [--kills 20] [--threads N] [--venv DIR]
 *
 * What the engine must reach, each measure beside its bar; docs/performance.md says how each is taken. With --compare, PyTorch + PEFT
 * does the same work from the same weights, in turn with ours (a/b/a/b); without it our side runs alone and is compared with nothing.
 * --venv takes a Python environment with torch, transformers and peft; without it one is made under .cache.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Context, Part } from './context.ts';
import { type Finding, notMeasured } from './measure.ts';
import { instructions } from './measures/instructions.ts';
import { losses } from './measures/losses.ts';
import { memory } from './measures/memory.ts';
import { quantisedBases } from './measures/quantised.ts';
import { rate } from './measures/rate.ts';
import { resume } from './measures/resume.ts';
import { speed } from './measures/speed.ts';
import { start } from './measures/start.ts';
import { readOptions } from './options.ts';
import { sharedWork } from './shared-work.ts';
import type { SideRun } from './side.ts';
import { inWords } from './table.ts';
import { findPeer } from './virtual-environment.ts';

/** Share of the cores that other processes may take before the figures are called into question. */
const quiet = 0.05;
const parts: readonly Part[] = [speed, quantisedBases, rate, memory, instructions, losses, resume, start];

const options = readOptions();
const say = (line: string) => console.error(line);
const cache = path.resolve(import.meta.dirname, '../../.cache/bench');
fs.mkdirSync(cache, { recursive: true });
const chosen = parts.filter(({ name }) => options.only.includes(name));
const peer = options.compare
  ? findPeer(options.venv, path.join(cache, 'venv'), say)
  : { reason: 'PyTorch + PEFT runs with --compare only.' };
const seen: SideRun[] = [];
const base = { options, peer, cache, say, observe: (run: SideRun) => void seen.push(run) };
const context: Context = { ...base, shared: sharedWork(base, chosen) };

const findings: (Finding & { part: string })[] = [];
for (const part of chosen) findings.push(...(await findingsOf(part)).map((finding) => ({ part: part.name, ...finding })));

const otherLoad = Math.max(0, ...seen.map((run) => run.otherLoad));
if (options.json) console.log(JSON.stringify({ machine: machine(), work: work(), otherLoad, measures: findings }, undefined, 2));
else console.log(inWords(findings));
if (otherLoad > quiet)
  say(
    `Other processes took up to ${(100 * otherLoad).toFixed(0)} % of the cores meanwhile: these figures mean little. Run it on an idle machine.`,
  );
const wrong = findings.filter(({ isWrong }) => isWrong);
for (const { measure } of wrong) say(`Wrong results: ${measure}.`);
if (wrong.length > 0 || (options.compare && findings.some(({ value }) => value === null))) process.exitCode = 1;

async function findingsOf(part: Part): Promise<Finding[]> {
  try {
    return await part.measure(context);
  } catch (error) {
    return part.specs.map((spec) => notMeasured(spec, error));
  }
}

function machine() {
  return {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memory: os.totalmem(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    ...Object.fromEntries(seen.flatMap(({ versions }) => Object.entries(versions))),
  };
}

function work() {
  const { layers, batch, length, steps, rounds, threads } = options;
  return { shape: 'SmolLM-135M', layers, batch, length, steps, rounds, threads, lora: 'rank 8, alpha 16, all linears' };
}
