import { Sandbox, type SandboxLimits, type TaskResult } from '../sandbox/index.ts';
import type { Task } from './tasks.ts';

/** What one answer was worth. */
export interface TaskOutcome extends TaskResult {
  id: string;
  /** The code as it was run. */
  code: string;
}

export interface PassAt1 {
  passed: number;
  total: number;
  /** passed / total, in [0, 1]; 0 without tasks. */
  share: number;
  /** In the order of the tasks. */
  results: TaskOutcome[];
}

/**
 * pass@1 (Chen et al. 2021): the share of tasks whose one answer passes all of its tests, run in the sandbox.
 * @param generate Gives one answer for each instruction, in their order: the text up to the end token. All of it is the code.
 * @throws Error when the number of answers differs from the number of tasks.
 */
export async function passAt1(
  tasks: readonly Task[],
  generate: (instructions: string[]) => Promise<string[]>,
  limits: Partial<SandboxLimits> = {},
): Promise<PassAt1> {
  const answers = await generate(tasks.map(({ instruction }) => instruction));
  if (answers.length !== tasks.length) throw new Error(`${tasks.length} tasks, but ${answers.length} answers`);
  const sandbox = new Sandbox();
  try {
    const results: TaskOutcome[] = [];
    for (const [index, { id, entryPoint, tests }] of tasks.entries()) {
      const code = (answers[index] ?? '').trim();
      results.push({ id, code, ...(await sandbox.runTask(code, entryPoint, tests, limits)) });
    }
    const passed = results.filter((result) => result.passed).length;
    return { passed, total: tasks.length, share: tasks.length === 0 ? 0 : passed / tasks.length, results };
  } finally {
    await sandbox.close();
  }
}
