/*
 * npm run bench:engine -- [--json] [--compare] [--layers 30] [--batch 4] [--length 256] [--steps 5] [--rounds 3] [--threads N] [--venv DIR]
 *
 * The speed of LoRA fine-tuning steps (rank 8 on all linears, fp32) on a random model of SmolLM-135M's shape. With --compare, PyTorch + PEFT
 * runs the same steps from the same weights, in turn with ours (a/b/a/b), and both sides' losses must agree. --venv takes a Python
 * environment with torch, transformers and peft; without it one is made under .cache.
 */
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { runSide, type SideResult, type SideRun } from './side.ts';
import { virtualEnvironment } from './virtual-environment.ts';
import { makeWork } from './work.ts';

const learningRate = 2e-4;
/** Share of the cores that other processes may take before the figures are called into question. */
const quiet = 0.05;
/** Highest relative difference between the losses of the two sides, in fp32. */
const tolerance = 1e-4;

const positive = (fallback: number) => z.coerce.number().int().min(1).default(fallback);
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    compare: { type: 'boolean', default: false },
    layers: { type: 'string' },
    batch: { type: 'string' },
    length: { type: 'string' },
    steps: { type: 'string' },
    rounds: { type: 'string' },
    threads: { type: 'string' },
    venv: { type: 'string' },
  },
});
const options = z
  .object({
    json: z.boolean(),
    compare: z.boolean(),
    layers: positive(30),
    batch: positive(4),
    length: positive(256),
    steps: positive(5),
    rounds: positive(3),
    threads: positive(os.availableParallelism()),
    venv: z.string().optional(),
  })
  .parse(values);

const say = (line: string) => console.error(line);
const here = import.meta.dirname;
const cache = path.resolve(here, '../../.cache/bench');

say(`Making the model and the batches (${options.layers} layers, ${options.batch} × ${options.length} tokens)…`);
// The first step of each process carries the warm-up and is not counted.
const work = makeWork(cache, { ...options, steps: options.steps + 1 });
const python = options.compare ? pythonOf(options.venv) : undefined;
const sideArguments = [
  ...['--model', work.model, '--adapter', work.adapter, '--batches', work.batches],
  ...['--threads', String(options.threads), '--learning-rate', String(learningRate)],
];

const ours: SideRun[] = [];
const peer: SideRun[] = [];
for (let round = 1; round <= options.rounds; round++) {
  ours.push(await runSide(process.execPath, ['--import', 'tsx', path.join(here, 'ours.ts'), ...sideArguments]));
  say(`Round ${round} of ${options.rounds}: Anneal ${speed(ours.at(-1)).toFixed(0)} tokens/s`);
  if (!python) continue;
  const env = { ...process.env, OMP_NUM_THREADS: String(options.threads), HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' };
  peer.push(await runSide(python, [path.join(here, 'peer_peft.py'), ...sideArguments], env));
  say(`Round ${round} of ${options.rounds}: PyTorch + PEFT ${speed(peer.at(-1)).toFixed(0)} tokens/s`);
}

const difference = peer[0] && ours[0] ? largestDifference(ours[0].losses, peer[0].losses) : undefined;
const report = {
  machine: {
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memory: os.totalmem(),
    platform: `${process.platform} ${process.arch}`,
    ...peer[0]?.versions,
    ...ours[0]?.versions,
  },
  work: {
    shape: 'SmolLM-135M',
    parameters: work.parameters,
    layers: options.layers,
    batch: options.batch,
    length: options.length,
    lora: 'rank 8, alpha 16, all linears',
    precision: 'fp32',
    threads: options.threads,
    steps: options.steps,
    rounds: options.rounds,
  },
  ours: summary(ours),
  ...(peer.length > 0 && {
    peer: summary(peer),
    ratio: {
      tokensPerSecond: median(ours.map(speed)) / median(peer.map(speed)),
      rounds: ours.map((result, round) => speed(result) / speed(peer[round])),
      peakMemory: median(ours.map((result) => result.peakMemory)) / median(peer.map((result) => result.peakMemory)),
    },
    losses: { largestRelativeDifference: difference, tolerance, agree: difference !== undefined && difference <= tolerance },
  }),
};

if (options.json) console.log(JSON.stringify(report, undefined, 2));
else console.log(inWords());
const otherLoad = Math.max(...[...ours, ...peer].map((result) => result.otherLoad));
if (otherLoad > quiet)
  say(
    `Other processes took up to ${(100 * otherLoad).toFixed(0)} % of the cores meanwhile: these figures mean little. Run it on an idle machine.`,
  );
if (report.losses?.agree === false) {
  say(`The losses of the two sides do not agree: relative difference ${difference}, at most ${tolerance} is allowed.`);
  process.exitCode = 1;
}

function pythonOf(venv: string | undefined): string {
  return venv ? path.join(path.resolve(venv), 'bin/python') : virtualEnvironment(path.join(cache, 'venv'), say);
}

/** Tokens a second: median over the steps after the first. */
function speed(result: SideResult | undefined): number {
  return result ? work.tokensPerStep / median(result.seconds.slice(1)) : Number.NaN;
}

function summary(results: SideRun[]) {
  return {
    tokensPerSecond: median(results.map(speed)),
    rounds: results.map(speed),
    secondsPerStep: work.tokensPerStep / median(results.map(speed)),
    peakMemory: median(results.map((result) => result.peakMemory)),
    otherLoad: results.map((result) => result.otherLoad),
    losses: results[0]?.losses ?? [],
    gradientNorms: results[0]?.gradientNorms ?? [],
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Math.max(...a.map((value, index) => Math.abs(value - (b[index] ?? Number.NaN)) / Math.abs(b[index] ?? Number.NaN)));
}

function inWords(): string {
  const line = (name: string, side: { tokensPerSecond: number; peakMemory: number }) =>
    `${name.padEnd(16)}${side.tokensPerSecond.toFixed(0).padStart(7)} tokens/s   peak memory ${(side.peakMemory / 2 ** 30).toFixed(2)} GiB`;
  const lines = [line('Anneal', report.ours)];
  if (report.peer && report.ratio) {
    lines.push(line('PyTorch + PEFT', report.peer));
    lines.push(`Ratio           ${report.ratio.tokensPerSecond.toFixed(2).padStart(7)} ×          ${report.ratio.peakMemory.toFixed(2)} ×`);
    lines.push(`Losses agree within ${difference?.toExponential(1)} (relative)`);
  }
  return lines.join('\n');
}
