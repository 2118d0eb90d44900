import { partOf } from './grammar.ts';
import { request } from './instructions.ts';
import { buildItem, type Item, type Test } from './item.ts';
import { createRandom } from './random.ts';

/** A request whose answer is judged by running it. */
export interface Task {
  id: string;
  instruction: string;
  /** The function that the tests call. */
  entryPoint: string;
  tests: Test[];
}

/** A task with what made it, for whoever wants to see the answer that was in mind. */
export interface SolvedTask extends Task {
  item: Item;
}

const testsPerTask = 12;

/** Tasks from held-out combinations, evenly over the families. The same seed gives the same tasks. */
export function solvedTasks(count: number, seed: number): SolvedTask[] {
  const random = createRandom(seed);
  const pools = random.shuffled(partOf('heldOut')).map(({ family, structures }) => ({ family, structures: random.shuffled(structures) }));
  const tasks: SolvedTask[] = [];
  for (let round = 0; tasks.length < count; round += 1) {
    const open = pools.filter(({ structures }) => structures.length > round);
    if (open.length === 0) throw new Error(`Only ${tasks.length} held-out combinations, ${count} tasks asked for.`);
    for (const { family, structures } of open.slice(0, count - tasks.length)) {
      const structure = structures[round];
      if (!structure) continue;
      const item = buildItem(family.id, structure, random, testsPerTask);
      const id = `${family.id.replaceAll(' ', '-')}-${round + 1}`;
      tasks.push({ id, instruction: request(item, random), entryPoint: item.name, tests: item.tests, item });
    }
  }
  return tasks;
}

/** {@link solvedTasks} without the answers. */
export function heldOutTasks(count = 120, seed = 7): Task[] {
  return solvedTasks(count, seed).map(({ id, instruction, entryPoint, tests }) => ({ id, instruction, entryPoint, tests }));
}
