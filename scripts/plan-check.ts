/*
 * node --import tsx scripts/plan-check.ts [--json] [--only NAME] [--memory] [--steps 5]
 *
 * How right the plan is: for some models, what `plan` says of a run's memory and seconds a step before it, and what the run then
 * needs, each run in a process of its own. The bars: 15 % for memory, 20 % for time. Run it on an idle machine. `--only` takes the cases
 * whose name has the text in it; `--memory` judges the memory alone, which other processes do not disturb.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  instructionRows,
  nodeArguments,
  parseTrainingConfig,
  plan,
  quickstartConfig,
  train,
  type TrainingConfig,
  type TrainingConfigInput,
} from '@anneal/engine';
import { z } from 'zod';
import { runSide } from './bench/side.ts';
import { makeWork } from './bench/work.ts';

const bars = { memory: 0.15, time: 0.2 };
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    memory: { type: 'boolean', default: false },
    steps: { type: 'string', default: '5' },
    run: { type: 'string' },
  },
});
const steps = z.coerce.number().int().min(2).parse(values.steps);
const say = (line: string) => console.error(line);

/** A run in this process: the last line of the output is JSON as of `runSide`. */
async function runAndTell(file: string): Promise<void> {
  const config = parseTrainingConfig(JSON.parse(fs.readFileSync(file, 'utf8')));
  const seconds: number[] = [];
  for await (const event of train(config, { folder: path.join(path.dirname(file), 'run') })) {
    if (event.type === 'metrics' && event.values.stepSeconds !== undefined) seconds.push(event.values.stepSeconds);
  }
  const usage = process.resourceUsage();
  const cpuSeconds = (usage.userCPUTime + usage.systemCPUTime) / 1e6;
  console.log(JSON.stringify({ losses: [], gradientNorms: [], seconds, peakMemory: usage.maxRSS * 1024, cpuSeconds, versions: {} }));
}

/** SmolLM-135M's shape with some layers, and batches of tokens of which all are targets. */
function smol(folder: string, layers: number, batch: number, length: number): TrainingConfigInput {
  const cache = path.resolve(import.meta.dirname, '../.cache/bench');
  fs.mkdirSync(cache, { recursive: true });
  const work = makeWork(cache, { layers, batch, length, steps: steps + 1 });
  const rows = z.array(z.unknown()).parse(JSON.parse(fs.readFileSync(work.batches, 'utf8')));
  const data = path.join(folder, `tokens-${layers}-${batch}x${length}.jsonl`);
  fs.writeFileSync(data, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return {
    model: { base: work.model },
    data: { path: data, format: 'tokens', maxLength: length, validationShare: 0 },
    method: { rank: 8, alpha: 16 },
    schedule: { batchSize: batch, epochs: 1 },
  };
}

/** A configuration with some settings changed. */
function changed(config: TrainingConfigInput, changes: TrainingConfigInput): TrainingConfigInput {
  const sections = Object.entries(changes).map(([name, section]) => [name, { ...Reflect.get(config, name), ...section }] as const);
  return { ...config, ...Object.fromEntries(sections) };
}

/** Pairs of answers: the right one, and that of another request. */
function pairs(folder: string): string {
  const file = path.join(folder, 'pairs.jsonl');
  const rows = instructionRows(800, 2);
  const made = rows.map(({ instruction, output }, index) => ({
    prompt: instruction,
    chosen: output,
    rejected: rows[(index + 1) % rows.length]?.output,
  }));
  fs.writeFileSync(file, made.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

async function compareAll(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-plan-check-'));
  try {
    const cases: Record<string, () => TrainingConfigInput> = {
      'SmolLM-135M, 4 × 256': () => smol(folder, 30, 4, 256),
      '12 layers, 4 × 256': () => smol(folder, 12, 4, 256),
      '12 layers, 2 × 128': () => smol(folder, 12, 2, 128),
      '12 layers, 4 × 256, bfloat16': () => changed(smol(folder, 12, 4, 256), { model: { storage: 'bfloat16' } }),
      '12 layers, 4 × 256, NF4': () => changed(smol(folder, 12, 4, 256), { model: { storage: 'nf4' } }),
      '12 layers, 4 × 256, int8 products': () => changed(smol(folder, 12, 4, 256), { model: { storage: 'int8', products: 'int8' } }),
      '12 layers, 4 × 256, NF4, int8 products': () => changed(smol(folder, 12, 4, 256), { model: { storage: 'nf4', products: 'int8' } }),
      '12 layers, 4 × 256, checkpointing, dropout': () =>
        changed(smol(folder, 12, 4, 256), { run: { gradientCheckpointing: 'layer' }, method: { dropout: 0.1 } }),
      '4 layers, 2 × 128, every weight': () => changed(smol(folder, 4, 2, 128), { method: { trainable: 'full' } }),
      'bundled, quickstart': () => ({ ...quickstartConfig, schedule: { ...quickstartConfig.schedule, maxSteps: 8 * steps } }),
      'bundled, packed, accumulated': () => ({
        ...changed(quickstartConfig, { data: { packing: true } }),
        schedule: { batchSize: 4, gradientAccumulation: 4, maxSteps: 2 * steps },
      }),
      'bundled, DPO': () => ({
        data: { path: pairs(folder), maxLength: 256, validationShare: 0.05 },
        method: { type: 'dpo', rank: 16, alpha: 32 },
        schedule: { batchSize: 8, maxSteps: 4 * steps },
      }),
    };
    const results = [];
    for (const [name, make] of Object.entries(cases)) {
      if (values.only && !name.includes(values.only)) continue;
      results.push(await compare(name, parseTrainingConfig(make()), folder));
    }
    if (values.json)
      console.log(JSON.stringify({ machine: { cpu: os.cpus()[0]?.model, cores: os.availableParallelism() }, bars, results }, undefined, 2));
    else
      console.table(
        results.map(({ name, memory, time, planSeconds }) => ({
          name,
          'memory GiB': gib(memory),
          '±': percent(memory),
          's/step': seconds(time),
          '± ': percent(time),
          'plan took s': planSeconds.toFixed(1),
        })),
      );
    if (results.some(({ isRight }) => !isRight)) process.exitCode = 1;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

interface Pair {
  planned: number;
  found: number;
}
const error = ({ planned, found }: Pair) => planned / found - 1;
const percent = (pair: Pair) => `${(100 * error(pair)).toFixed(1)} %`;
const gib = ({ planned, found }: Pair) => `${(planned / 2 ** 30).toFixed(2)} / ${(found / 2 ** 30).toFixed(2)}`;
const seconds = ({ planned, found }: Pair) => `${planned.toFixed(3)} / ${found.toFixed(3)}`;

async function compare(name: string, config: TrainingConfig, folder: string) {
  say(`${name}: planning…`);
  const begun = performance.now();
  const planned = await plan(config, { fresh: true });
  const planSeconds = (performance.now() - begun) / 1000;
  say(`${name}: running…`);
  const place = fs.mkdtempSync(path.join(folder, 'run-'));
  const file = path.join(place, 'config.json');
  fs.writeFileSync(file, JSON.stringify(config));
  const found = await runSide(process.execPath, [...nodeArguments, import.meta.filename, '--run', file]);
  fs.rmSync(place, { recursive: true, force: true });
  const memory = { planned: planned.memory.peak, found: found.peakMemory };
  const time = { planned: planned.time.perStep, found: typical(found.seconds) };
  const isRight = Math.abs(error(memory)) <= bars.memory && (values.memory || Math.abs(error(time)) <= bars.time);
  return {
    name,
    memory,
    time,
    errors: { memory: error(memory), time: error(time) },
    isRight,
    parts: planned.memory.parts,
    planSeconds,
    otherLoad: found.otherLoad,
  };
}

/** The mean of all but the quarter that compiled or was disturbed most. */
function typical(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const kept = sorted.slice(0, Math.ceil(sorted.length * 0.75));
  return kept.reduce((sum, value) => sum + value, 0) / kept.length;
}

if (values.run) await runAndTell(values.run);
else await compareAll();
