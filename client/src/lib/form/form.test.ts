import { describe, expect, it } from 'vitest';
import { configOf, differs, shownText, valueAt, valueOf, type Field, type Section } from './fields.ts';
import { adviseOn, rangeHint } from './hints.ts';
import { placeIssues } from './issues.ts';

const field = (path: string, kind: Field['kind'], value: unknown, more: Partial<Field> = {}): Field => ({
  path,
  kind,
  default: value,
  title: path,
  help: '',
  unit: null,
  minimum: null,
  maximum: null,
  choices: null,
  advanced: false,
  ...more,
});
const rank = field('method.rank', 'INTEGER', 8, { minimum: 1, maximum: 512 });
const rate = field('optimizer.learningRate', 'NUMBER', 0.0002, { minimum: 1e-8, maximum: 1 });
const modules = field('method.targetModules', 'LIST', ['q_proj', 'v_proj']);
const base = field('model.base', 'TEXT', 'bundled');
const sections: Section[] = [{ key: 'all', title: '', help: '', fields: [rank, rate, modules, base] }];

describe('the configuration that is sent', () => {
  it('is empty while nothing was changed', () => {
    expect(configOf(sections, {})).toEqual({});
    expect(configOf(sections, { 'method.rank': '8', 'method.targetModules': 'q_proj, v_proj' })).toEqual({});
  });

  it('holds what differs from the defaults, nested', () => {
    const draft = {
      'method.rank': ' 16 ',
      'method.targetModules': 'q_proj k_proj',
      'optimizer.learningRate': '1e-3',
      'model.base': '/models/a b',
    };
    expect(configOf(sections, draft)).toEqual({
      method: { rank: 16, targetModules: ['q_proj', 'k_proj'] },
      optimizer: { learningRate: 0.001 },
      model: { base: '/models/a b' },
    });
  });

  it('takes an emptied field for its default', () => {
    expect(configOf(sections, { 'method.rank': '', 'model.base': ' ' })).toEqual({});
    expect(differs(rank, { 'method.rank': '' })).toBe(false);
  });

  it('holds switches and maps as what they mean', () => {
    const packing = field('data.packing', 'BOOLEAN', false);
    const columns = field('data.columns', 'MAP', {});
    const all: Section[] = [{ key: 'data', title: '', help: '', fields: [packing, columns] }];
    expect(configOf(all, { 'data.packing': 'true', 'data.columns': 'instruction = question,\noutput=the answer' })).toEqual({
      data: { packing: true, columns: { instruction: 'question', output: 'the answer' } },
    });
    expect(configOf(all, { 'data.packing': 'false', 'data.columns': ' ' })).toEqual({});
    expect(valueOf(columns, 'instruction question')).toBe('instruction question');
    expect(shownText(field('data.columns', 'MAP', { output: 'answer' }), {})).toBe('output = answer');
  });

  it('sends what is no number as it was typed, for the studio to name it', () => {
    expect(valueOf(rank, 'eight')).toBe('eight');
    expect(configOf(sections, { 'method.rank': '8,5' })).toEqual({ method: { rank: '8,5' } });
  });
});

it('shows what was typed, else the default', () => {
  expect(shownText(modules, {})).toBe('q_proj, v_proj');
  expect(shownText(rank, { 'method.rank': '' })).toBe('');
});

it('reads values at dotted paths', () => {
  expect(valueAt({ method: { rank: 4 } }, 'method.rank')).toBe(4);
  expect(valueAt({ method: null }, 'method.rank')).toBeUndefined();
});

describe('hints', () => {
  it.each([
    [rank, '1 to 512'],
    [field('a', 'INTEGER', 0, { minimum: 1, unit: 'steps' }), 'at least 1 steps'],
    [field('a', 'INTEGER', 0, { minimum: 0, maximum: 10_000_000, unit: 'steps' }), '0 to 10,000,000 steps'],
    [field('a', 'TEXT', '', { unit: 'steps' }), ''],
  ])('say the range', (described, hint) => expect(rangeHint(described)).toBe(hint));

  it.each([
    [rank, '513', 'This is out of range: 1 to 512.'],
    [rank, '2.5', 'This must be a whole number.'],
    [rate, '0,1', 'Write the decimals with a point.'],
    [rate, 'much', 'This is not a number.'],
    [rate, '1e-4', null],
    [rank, '', null],
    [base, 'anything', null],
  ])('advise on what is typed', (described, text, advice) => expect(adviseOn(described, text)).toBe(advice));
});

describe('issues of the studio', () => {
  const paths = ['name', 'method.rank', 'method.targetModules'];

  it('are placed at their fields, whatever they are nested in', () => {
    const placed = placeIssues(
      [
        { path: 'method.rank', message: 'Too small.' },
        { path: 'input.config.method.targetModules.2', message: 'Unknown.' },
        { path: 'input.name', message: 'Too long.' },
      ],
      paths,
    );
    expect(placed.byPath).toEqual({ 'method.rank': 'Too small.', 'method.targetModules': 'Unknown.', name: 'Too long.' });
    expect(placed.elsewhere).toEqual([]);
  });

  it('are joined when they belong to one field, and kept when they belong to none', () => {
    const placed = placeIssues(
      [
        { path: 'method.rank', message: 'One.' },
        { path: 'method.rank', message: 'Two.' },
        { path: 'method.rankings', message: 'No such field.' },
        { path: '', message: 'All of it.' },
      ],
      paths,
    );
    expect(placed.byPath).toEqual({ 'method.rank': 'One. Two.' });
    expect(placed.elsewhere.map(({ path }) => path)).toEqual(['method.rankings', '']);
  });
});
