import { describe, expect, it } from 'vitest';
import { renderWording } from '../rendered-wording.ts';
import { inspectWording } from '../template.ts';
import { readyMadePrompts } from './ready-made-prompts.ts';

describe.each(readyMadePrompts.map((prompt) => [prompt.name, prompt] as const))('%s', (_name, prompt) => {
  const { wording, issues, warnings } = inspectWording(prompt);
  const included = { includes: [], templates: new Map<string, string>(), variables: [...wording.variables], used: new Set<string>() };

  it('has a wording without issues, and uses each variable', () => {
    expect({ issues, warnings }).toEqual({ issues: [], warnings: [] });
    expect(prompt.variables.every(({ description }) => description !== '')).toBe(true);
  });

  it('is rendered with the values of its examples, and with nothing but what is required', () => {
    const [example] = prompt.examples;
    if (!example) throw new Error('There is no example.');
    const { system, messages } = renderWording(wording, included, example.input);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages[1]).toEqual({ role: 'assistant', content: example.output });
    expect(messages[2]).toEqual(messages[0]);
    for (const value of Object.values(example.input))
      if (typeof value === 'string') expect(`${system}${messages[0]?.content}`).toContain(value);

    const least = prompt.variables.filter(({ required }) => required).map(({ name, type }) => [name, type === 'list' ? ['it'] : 'it']);
    const question = renderWording({ ...wording, examples: [] }, included, Object.fromEntries(least)).messages[0]?.content ?? '';
    // Nothing is left of what was not given: no tag, no two empty lines.
    expect(`${system}${question}`).not.toMatch(/\{\{|\}\}|undefined|\n\n\n|^\s|\s$/);
  });

  it('is something that a project can have', () => {
    expect(prompt).toMatchObject({
      name: expect.stringMatching(/^[a-z0-9-]+\/[a-z0-9-]+$/),
      category: expect.stringMatching(/^[a-z-]{1,50}$/),
      title: expect.stringMatching(/^.{5,60}$/),
      description: expect.stringMatching(/^.{30,200}\.$/),
    });
    expect(prompt.temperature).toBeGreaterThanOrEqual(0);
    expect(prompt.temperature).toBeLessThanOrEqual(1);
  });
});

describe('the ready-made prompts', () => {
  it('have names of their own, and are for all kinds of work on code', () => {
    expect(new Set(readyMadePrompts.map(({ name }) => name)).size).toBe(readyMadePrompts.length);
    const categories = new Set(readyMadePrompts.map(({ category }) => category));
    for (const work of ['generation', 'review', 'refactoring', 'testing', 'explanation', 'security', 'documentation', 'translation'])
      expect(categories).toContain(work);
    for (const work of ['debugging', 'optimization', 'writing', 'sql']) expect(categories).toContain(work);
  });
});
