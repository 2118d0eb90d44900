import os from 'node:os';
import { spawn } from 'node:child_process';
import { z } from 'zod';
import type { ProductRate } from './product-rate.ts';

const productRateSchema: z.ZodType<ProductRate> = z.object({
  operations: z.number(),
  rate: z.number(),
  measuredShare: z.number(),
  products: z.array(z.object({ product: z.string(), count: z.number(), rate: z.number() })),
});

/** What one side tells of its steps. */
const sideResultSchema = z.object({
  losses: z.array(z.number()),
  gradientNorms: z.array(z.number()),
  /** One a step. */
  seconds: z.array(z.number()),
  /** Numbers of the steps, from 0, that have a warm-up in them: the first, and those that met a new shape. */
  coldSteps: z.array(z.int()).default([0]),
  /** Highest resident memory of the process, in bytes. */
  peakMemory: z.number(),
  /** Processor time of the whole process, in seconds. */
  cpuSeconds: z.number(),
  versions: z.record(z.string(), z.string()),
  /** How fast ONNX Runtime computes the matrix products of a step alone, where that was asked for. */
  products: productRateSchema.optional(),
});
export type SideResult = z.output<typeof sideResultSchema>;

export interface SideRun extends SideResult {
  /** Share of all cores that other processes took meanwhile, 0 to 1. Above a few percent the figures mean little: a side whose threads wait for each other loses most. */
  otherLoad: number;
}

/**
 * Runs one side in a process of its own and reads the JSON in the last line of its output.
 * @throws Error with everything it printed, when it fails
 */
export async function runSide(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<SideRun> {
  const before = processorSeconds();
  const output = await execute(command, args, env);
  const after = processorSeconds();
  const result = sideResultSchema.parse(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
  const otherLoad = Math.max(0, (after.busy - before.busy - result.cpuSeconds) / (after.all - before.all));
  return { ...result, otherLoad };
}

/**
 * Runs a program to its end. @returns what it printed
 * @throws Error with everything it printed, when it fails
 */
export async function execute(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { code, output, errors } = await run(command, args, env);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} failed (${code}):\n${errors}${output}`);
  return output;
}

/** Time that all cores together have spent since the machine was started. */
function processorSeconds(): { busy: number; all: number } {
  const times = os.cpus().map((core) => core.times);
  const busy = times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0) / 1000;
  return { busy, all: busy + times.reduce((sum, { idle }) => sum + idle, 0) / 1000 };
}

function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: string | number; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 1, output, errors }));
  });
}
