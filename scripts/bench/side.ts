import { spawn } from 'node:child_process';
import { z } from 'zod';

/** What one side tells of its steps. */
export const sideResultSchema = z.object({
  losses: z.array(z.number()),
  gradientNorms: z.array(z.number()),
  /** One a step; the first has the warm-up in it. */
  seconds: z.array(z.number()),
  /** Highest resident memory of the process, in bytes. */
  peakMemory: z.number(),
  versions: z.record(z.string(), z.string()),
});
export type SideResult = z.output<typeof sideResultSchema>;

/**
 * Runs one side in a process of its own and reads the JSON in the last line of its output.
 * @throws Error with everything it printed, when it fails
 */
export async function runSide(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<SideResult> {
  const { code, output, errors } = await run(command, args, env);
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} failed (${code}):\n${errors}${output}`);
  return sideResultSchema.parse(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
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
