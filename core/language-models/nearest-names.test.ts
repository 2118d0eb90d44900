import { expect, it } from 'vitest';
import { nearestNames } from './nearest-names.ts';

const names = ['claude/claude-sonnet-4-5', 'claude/claude-opus-4-1', 'anneal/base/bundled', 'transformers/codet5'];

it('finds what was meant', () => {
  expect(nearestNames('claude/claude-sonet-4-5', names)[0]).toBe('claude/claude-sonnet-4-5');
  expect(nearestNames('cluade/claude-opus-4-1', names)[0]).toBe('claude/claude-opus-4-1');
  expect(nearestNames('bundled', names)).toEqual(['anneal/base/bundled']);
  expect(nearestNames('CODET5', names)).toEqual(['transformers/codet5']);
});

it('guesses nothing that is far away', () => {
  expect(nearestNames('zzzzzzzz', names)).toEqual([]);
});
