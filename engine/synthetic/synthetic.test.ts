import { describe, expect, it } from 'vitest';
import { Sandbox } from '../sandbox/index.ts';
import { specialTokens } from '../tokenizer/train-bpe.ts';
import { corpusDocuments } from './corpus.ts';
import { families, isHeldOut, partOf } from './grammar.ts';
import { instructionRows } from './instructions.ts';
import { buildItem, type Item } from './item.ts';
import { createRandom } from './random.ts';
import { heldOutTasks, solvedTasks } from './tasks.ts';

const documents = (count: number, seed: number): string[] => {
  const result: string[] = [];
  for (const document of corpusDocuments(seed)) if (result.push(document) >= count) return result;
  return result;
};

/** Some items of every family, of every structure where there are few. */
function sample(share: number, seed: number): Item[] {
  const random = createRandom(seed);
  return families.flatMap((family) =>
    family.structures.filter((_, index) => index < 4 || random.chance(share)).map((structure) => buildItem(family.id, structure, random)),
  );
}

/** The code with every name of its own replaced, so that two wordings of one function are equal. */
function bare({ name, parameters, code }: Pick<Item, 'name' | 'parameters' | 'code'>): string {
  return parameters.reduce(
    (text, parameter, index) => text.replaceAll(new RegExp(`\\b${parameter}\\b`, 'g'), `$$p${index}`),
    code.replaceAll(name, 'f'),
  );
}

describe('the grammar', () => {
  it('has many kinds of functions and thousands of combinations', () => {
    expect(families.length).toBeGreaterThanOrEqual(25);
    expect(new Set(families.flatMap(({ structures }) => structures.map(({ key }) => key))).size).toBeGreaterThan(3000);
  });

  it('writes code that passes its own tests', async () => {
    const sandbox = new Sandbox();
    try {
      for (const { structure, code, name, tests } of sample(0.02, 11)) {
        expect({ structure, code, ...(await sandbox.runTask(code, name, tests)) }).toEqual({ structure, code, passed: true, failures: [] });
      }
    } finally {
      await sandbox.close();
    }
  });

  it('names every function as JavaScript allows, and tests it at least three times', () => {
    for (const item of sample(0.05, 12)) {
      expect(item.name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      expect(new Set(item.parameters).size).toBe(item.parameters.length);
      expect(item.tests.length).toBeGreaterThanOrEqual(3);
      expect(item.descriptions.every((text) => text.length > 0 && !/undefined|  /.test(text))).toBe(true);
    }
  });
});

describe('the same seed', () => {
  it('gives the same documents, rows and tasks', () => {
    expect(documents(200, 5)).toEqual(documents(200, 5));
    expect(instructionRows(200, 5)).toEqual(instructionRows(200, 5));
    expect(heldOutTasks(60, 5)).toEqual(heldOutTasks(60, 5));
  });

  it('and another gives others', () => {
    expect(documents(50, 5)).not.toEqual(documents(50, 6));
    expect(instructionRows(50, 5)).not.toEqual(instructionRows(50, 6));
  });
});

describe('held-out combinations', () => {
  it('are some of every compositional family, and every piece of them is learned elsewhere', () => {
    const learned = partOf('learned');
    for (const { family, structures } of partOf('heldOut')) {
      const pieces = new Set(learned.find((part) => part.family === family)?.structures.flatMap(({ key }) => key.split('|')));
      for (const { key } of structures) expect([key, key.split('|').filter((piece) => !pieces.has(piece))]).toEqual([key, []]);
    }
    expect(partOf('heldOut').map(({ family }) => family.id)).toEqual(
      families.filter(({ compositional }) => compositional).map(({ id }) => id),
    );
  });

  it('do not come as the same code from another combination', () => {
    const random = createRandom(21);
    const draw = (which: 'learned' | 'heldOut'): string[] =>
      partOf(which).flatMap(({ family, structures }) => structures.map((structure) => bare(buildItem(family.id, structure, random))));
    const learned = new Set(draw('learned'));
    expect(draw('heldOut').filter((code) => learned.has(code))).toEqual([]);
  });

  it('are in no document and no instruction, under any name or wording', () => {
    const tasks = new Set(solvedTasks(400, 7).map(({ item }) => bare(item)));
    const seen = [...documents(6000, 1), ...instructionRows(2500, 1).map(({ output }) => output)].flatMap((text) => [
      ...text.matchAll(/^function (\w+)\(([^)]*)\) \{\n(?: .*\n)+\}/gm),
    ]);
    expect(seen.length).toBeGreaterThan(10000);
    const leaked = seen
      .map(([code, name = '', parameters = '']) => bare({ name, parameters: parameters.split(', '), code }))
      .filter((code) => tasks.has(code));
    expect(leaked).toEqual([]);
  });

  it('are decided by the combination alone', () => {
    for (const family of families) {
      for (const structure of family.structures)
        expect(isHeldOut(family, structure)).toBe(isHeldOut(family, { ...structure, sketch: structure.sketch }));
    }
  });
});

describe('the corpus', () => {
  it('never has the form of a request and its answer', () => {
    const text = documents(3000, 2).join('\n');
    for (const token of specialTokens) expect(text).not.toContain(token);
    expect(text).not.toMatch(/\b(Write|Please|Create|Implement|Can you|I need|Define)\b/);
  });
});

describe('the instruction set', () => {
  const rows = instructionRows(2500, 3);

  it('has distinct requests in Alpaca form, answered by one function each', () => {
    expect(new Set(rows.map(({ instruction }) => instruction)).size).toBe(2500);
    for (const { input, output } of rows) {
      expect(input).toBe('');
      expect(output).toMatch(/^function \w+\(.*\) \{\n[^]*\n\}$/);
    }
  });

  it('names the function that is asked for', () => {
    for (const { instruction, output } of rows) expect(instruction).toContain(/^function (\w+)/.exec(output)?.[1]);
  });
});

describe('the tasks', () => {
  it('come from every compositional family, each with its own id', () => {
    const tasks = heldOutTasks();
    expect(tasks).toHaveLength(120);
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(120);
    expect(new Set(solvedTasks(120, 7).map(({ item }) => item.family)).size).toBe(partOf('heldOut').length);
  });

  it('are passed by the right code, and not by a neighbor of it', async () => {
    const random = createRandom(31);
    const sandbox = new Sandbox();
    const wrong: string[] = [];
    let neighbors = 0;
    try {
      for (const { item, id, entryPoint, tests } of solvedTasks(120, 7)) {
        expect({ id, ...(await sandbox.runTask(item.code, entryPoint, tests)) }).toEqual({ id, passed: true, failures: [] });
        const family = families.find((candidate) => candidate.id === item.family);
        const pieces = item.structure.split('|');
        const near =
          family?.structures.filter(({ key }) => key.split('|').filter((piece, index) => piece !== pieces[index]).length === 1) ?? [];
        for (const structure of random.shuffled(near).slice(0, 4)) {
          const other = buildItem(item.family, structure, random);
          const code = other.code.replace(/^function \w+\(.*?\)/, `function ${entryPoint}(${other.parameters.join(', ')})`);
          neighbors += 1;
          if ((await sandbox.runTask(code, entryPoint, tests)).passed)
            wrong.push(`${item.structure} passes as ${structure.key}:\n${code}\n${JSON.stringify(tests)}`);
        }
      }
    } finally {
      await sandbox.close();
    }
    expect(neighbors).toBeGreaterThan(300);
    // Some neighbors mean the same: greater than 5 and at least 6, the spread of numbers and of the numbers plus 3.
    expect(wrong.length / neighbors, wrong.join('\n')).toBeLessThan(0.025);
  });
});
