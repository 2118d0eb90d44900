import path from 'node:path';
import { z } from 'zod';
import type { Device } from './device.ts';
import { lastLine, runProgram } from './run-program.ts';

const outcomeSchema = z.object({
  /** Why the device cannot be used; null when it computes what the CPU computes. */
  problem: z.string().nullable(),
  /** How many times the CPU's time a step takes there; below 1 it is faster. */
  slower: z.number().nullable(),
});
export type ProbeOutcome = z.output<typeof outcomeSchema>;

const program = path.join(import.meta.dirname, 'probe-process.ts');

/** A driver that hangs is no driver. Software drivers take long to compile their kernels. Milliseconds. */
const patience = 120_000;
/** Characters of what a failing process said that are shown. */
const shown = 300;

/**
 * Compiles and runs a small training step on a device and compares the numbers with those of the CPU. It is done in a
 * process of its own, for a driver may crash it.
 * @param threads CPU threads to compare with; 0: one for each core
 */
export async function probeDevice(device: Device, threads: number, environment: NodeJS.ProcessEnv = process.env): Promise<ProbeOutcome> {
  const { code, output, complaint } = await runProgram(program, [device, String(threads)], { environment, patience });
  if (code === 'timeout') return failed(`its driver did not answer within ${patience / 1000} seconds`);
  const told = outcomeSchema.safeParse(lastLine(output));
  if (code !== 0 || !told.success) return failed(`its driver ended the process that tried it (${code})`);
  // Which library is missing stands in the log only.
  const library = /with error: (.+)$/m.exec(complaint)?.[1];
  return told.data.problem === null ? told.data : failed(library ?? inWords(told.data.problem));
}

const failed = (problem: string): ProbeOutcome => ({ problem, slower: null });

/** ONNX Runtime's messages begin with the place in its source code and the condition that was false. */
const inWords = (message: string): string =>
  message
    .replace(/^\S+\.(?:cc|h):\d+ .*? was false\. /s, '')
    .trim()
    .replace(/\s+/g, ' ')
    .slice(0, shown);
