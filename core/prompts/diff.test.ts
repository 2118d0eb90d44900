import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparedLines, compareContents } from './diff.ts';
import type { VersionContent } from './version-content.ts';

const content: VersionContent = {
  ...{ model: null, temperature: 0, topP: 1, maxTokens: 1024, stop: [] },
  ...{ systemPrompt: '', template: 'a\nb\nc', examples: [] },
  variables: [
    { name: 'x', type: 'string', description: '', required: true },
    { name: 'y', type: 'number', description: '', required: true },
  ],
};

describe('the difference of two versions', () => {
  it('is empty for the same content', () => {
    expect(compareContents(content, structuredClone(content))).toEqual({
      ...{ fields: [], systemPrompt: [], template: [], variables: [], areVariablesReordered: false, examples: [] },
    });
  });

  it('is told by field, by line, by name, and by place', () => {
    const [x, y] = content.variables;
    const z = { name: 'z', type: 'list', description: '', required: true } as const;
    if (!x || !y) throw new Error('no variables');
    const changed = {
      ...{ ...content, model: 'claude/one', stop: ['END'], template: 'a\nB\nc\nd' },
      variables: [{ ...x, type: 'boolean' as const }, z],
      examples: [{ input: 'q', output: 'a' }],
    };
    expect(compareContents(content, changed)).toEqual({
      fields: [
        { field: 'model', from: null, to: 'claude/one' },
        { field: 'stop', from: [], to: ['END'] },
      ],
      systemPrompt: [],
      template: [
        { kind: 'SAME', text: 'a', fromLine: 1, toLine: 1 },
        { kind: 'REMOVED', text: 'b', fromLine: 2, toLine: null },
        { kind: 'ADDED', text: 'B', fromLine: null, toLine: 2 },
        { kind: 'SAME', text: 'c', fromLine: 3, toLine: 3 },
        { kind: 'ADDED', text: 'd', fromLine: null, toLine: 4 },
      ],
      variables: [
        { name: 'x', from: x, to: { ...x, type: 'boolean' } },
        { name: 'y', from: y, to: null },
        { name: 'z', from: null, to: z },
      ],
      areVariablesReordered: false,
      examples: [{ place: 1, from: null, to: { input: 'q', output: 'a' } }],
    });
    expect(compareContents(content, { ...content, variables: [y, x] })).toMatchObject({ variables: [], areVariablesReordered: true });
  });

  it('has all lines of both texts, in their order and with their numbers, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '', ' a', 'c\r'), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (from, to) => {
        const lines = comparedLines(from, to);
        if (from === to) {
          expect(lines).toEqual([]);
          return;
        }
        const of = (side: 'fromLine' | 'toLine') => lines.filter((line) => line[side] !== null);
        for (const [side, whole] of [
          ['fromLine', from],
          ['toLine', to],
        ] as const) {
          expect(
            of(side)
              .map((line) => line.text)
              .join('\n'),
          ).toBe(whole);
          expect(of(side).map((line) => line[side])).toEqual(of(side).map((_, index) => index + 1));
        }
      }),
    );
  });

  it('of texts that have nothing in common is given up soon', () => {
    const [from, to] = ['a', 'b'].map((letter) => Array.from({ length: 20_000 }, (_, line) => `${letter}${line}`).join('\n'));
    const lines = comparedLines(from ?? '', to ?? '');
    expect([lines.length, lines[0]?.kind, lines.at(-1)?.kind]).toEqual([40_000, 'REMOVED', 'ADDED']);
  });
});
