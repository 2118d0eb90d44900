import { expect, it } from 'vitest';
import { passAt1 } from './evaluate.ts';
import { heldOutTasks, solvedTasks } from './tasks.ts';

it('counts the answers that pass all tests', async () => {
  const solved = solvedTasks(20, 3);
  const tasks = heldOutTasks(20, 3);
  const answers = solved.map(({ item }, index) => (index < 15 ? ` ${item.code}\n` : 'function nothing() {}'));
  const result = await passAt1(tasks, (instructions) => {
    expect(instructions).toEqual(tasks.map(({ instruction }) => instruction));
    return Promise.resolve(answers);
  });
  expect(result).toMatchObject({ passed: 15, total: 20, share: 0.75 });
  expect(result.results.map(({ passed }) => passed)).toEqual(answers.map((_, index) => index < 15));
  expect(result.results[15]?.error).toContain('there is no function');
});

it('refuses a wrong number of answers', async () => {
  await expect(passAt1(heldOutTasks(3), () => Promise.resolve(['']))).rejects.toThrow('3 tasks, but 1 answers');
});
