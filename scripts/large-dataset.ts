// Shows that datasets larger than memory train in constant memory, and that bad rows are found before the first step.
//   node --import tsx scripts/large-dataset.ts --gigabytes 10 [--steps 40] [--folder DIR] [--json]
// Generates JSONL files in a temporary folder, trains a tiny model on them in a process of its own each, and deletes them.
import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EngineError, parseTrainingConfig, train, type TrainingConfigInput } from '@anneal/engine';
import { writeTinyModel } from '@anneal/engine/testing';
import { z } from 'zod';

const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '10' },
    steps: { type: 'string', default: '40' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
    /** A configuration to train with in this process, instead of all else. */
    measure: { type: 'string' },
  },
});

const measuredSchema = z.object({
  /** Of the process, in megabytes. */
  peakMemory: z.number(),
  secondsToFirstStep: z.number().nullable(),
  /** Of those, how many the processor was at work for us: what they would be on a machine with nothing else to do. */
  processorSecondsToFirstStep: z.number().nullable(),
  seconds: z.number(),
  steps: z.number(),
  warnings: z.array(z.string()),
  error: z.string().nullable(),
});
type Measured = z.output<typeof measuredSchema>;

if (values.measure !== undefined) await measure(values.measure);
else await main(Number(values.gigabytes), Number(values.steps), values.folder, values.json);

async function main(gigabytes: number, steps: number, parent: string, asJson: boolean): Promise<void> {
  if (!(gigabytes > 0) || !(steps > 0)) throw new RangeError('--gigabytes and --steps must be above 0');
  const folder = await mkdtemp(join(parent, 'anneal-large-'));
  const report: Record<string, Measured & { megabytes?: number }> = {};
  const note = (name: string, result: Measured, megabytes?: number) => {
    report[name] = { ...result, ...(megabytes !== undefined && { megabytes }) };
    if (!asJson) console.log(`${name}\n${describe(result)}`);
  };
  try {
    const { model } = await writeTinyModel(folder);
    const data = join(folder, 'rows.jsonl');
    const config = (changes: TrainingConfigInput['data'] = {}): TrainingConfigInput => ({
      model: { base: model },
      data: { path: data, maxLength: 128, ...changes },
      schedule: { batchSize: 8, maxSteps: steps },
      run: { threads: 1, evaluateEvery: 0, checkpointEvery: 0, tensorBoard: false },
    });
    for (const megabytes of [100, 1000 * gigabytes]) {
      await writeRows(data, { bytes: megabytes * 1e6 });
      note(`${megabytes} MB`, await inProcess(folder, config({ validationShare: 0.0001, streaming: 'on' })), megabytes);
      note(
        `${megabytes} MB, packed`,
        await inProcess(folder, config({ validationShare: 0.0001, streaming: 'on', packing: true })),
        megabytes,
      );
    }
    await writeRows(data, { rows: 1_000_000, bad: [17, 500_000, 999_999] });
    note('1,000,000 rows, 3 of them bad: fail', await inProcess(folder, config()));
    note('1,000,000 rows, 3 of them bad: skip', await inProcess(folder, config({ badRows: 'skip' })));
    if (asJson) console.log(JSON.stringify(report, null, 2));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describe({ peakMemory, secondsToFirstStep, processorSecondsToFirstStep, seconds, steps, warnings, error }: Measured): string {
  const start =
    secondsToFirstStep === null
      ? ''
      : `, the first after ${secondsToFirstStep.toFixed(1)} s (${processorSecondsToFirstStep?.toFixed(1) ?? ''} of the processor)`;
  const lines = [
    `${steps} steps${start}, ${seconds.toFixed(1)} s in all, at most ${peakMemory.toFixed(0)} MB`,
    ...warnings,
    ...(error ? [error] : []),
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}

/** Writes rows of 100 to 2,000 characters until there are so many bytes or rows. @param bad numbers (from 1) of rows without a completion */
async function writeRows(file: string, { bytes = Infinity, rows = Infinity, bad = [] }: { bytes?: number; rows?: number; bad?: number[] }) {
  const handle = await open(file, 'w');
  try {
    let written = 0;
    let number = 0;
    while (written < bytes && number < rows) {
      const lines: string[] = [];
      for (let size = 0; size < 1 << 20 && number < rows;) {
        number++;
        const prompt = `Add ${number} to n.`;
        const completion = `function add(n) {\n  return n + ${number};\n}\n`.repeat(rows === Infinity ? 1 + ((number * 7919) % 40) : 1);
        const line = `${JSON.stringify(bad.includes(number) ? { prompt } : { prompt, completion })}\n`;
        lines.push(line);
        size += line.length;
      }
      written += (await handle.write(lines.join(''))).bytesWritten;
    }
  } finally {
    await handle.close();
  }
}

async function inProcess(folder: string, config: TrainingConfigInput): Promise<Measured> {
  const file = join(folder, 'config.json');
  const run = await mkdtemp(join(folder, 'run-'));
  await writeFile(file, JSON.stringify({ config, run }));
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), '--measure', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  return measuredSchema.parse(JSON.parse(output));
}

/** Trains, and prints what it took. */
async function measure(file: string): Promise<void> {
  const { config, run } = z.object({ config: z.unknown(), run: z.string() }).parse(JSON.parse(await readFile(file, 'utf8')));
  const began = performance.now();
  const since = () => (performance.now() - began) / 1000;
  const result: Omit<Measured, 'seconds' | 'peakMemory'> = {
    secondsToFirstStep: null,
    processorSecondsToFirstStep: null,
    steps: 0,
    warnings: [],
    error: null,
  };
  try {
    for await (const event of train(parseTrainingConfig(config), { folder: run })) {
      if (event.type === 'log' && event.level === 'warn') result.warnings.push(event.message);
      if (event.type !== 'metrics' || event.values.loss === undefined) continue;
      result.secondsToFirstStep ??= since();
      result.processorSecondsToFirstStep ??= process.cpuUsage().user / 1e6;
      result.steps++;
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    result.error = error.message;
  }
  // Kilobytes on every system.
  console.log(JSON.stringify({ ...result, seconds: since(), peakMemory: process.resourceUsage().maxRSS / 1024 }));
}
