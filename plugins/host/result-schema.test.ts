import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toJsonSchema } from '../kit/json-schema.ts';
import type { Json, JsonSchema } from '../kit/plugin.ts';
import { mismatch } from './result-schema.ts';

const node = z.object({
  value: z.number().min(0).max(10),
  get children() {
    return z.array(node).max(2);
  },
});

const shape = z.object({
  kind: z.enum(['a', 'b']),
  one: z.literal(1),
  text: z.string().min(2).max(4),
  count: z.int(),
  maybe: z.string().nullable().optional(),
  either: z.union([z.string(), z.array(z.number())]),
  pair: z.tuple([z.string(), z.number()]),
  record: z.record(z.string(), z.boolean()),
  tree: node.optional(),
});

const good = {
  kind: 'a',
  one: 1,
  text: 'abc',
  count: 3,
  either: [1],
  pair: ['x', 1],
  record: { x: true },
  tree: { value: 1, children: [] },
};

describe('a value and the JSON Schema of what made it', () => {
  const schema = toJsonSchema(shape, 'output');

  it('fit', () => {
    expect(mismatch(schema, good)).toBeUndefined();
    expect(mismatch(schema, { ...good, either: 'text', maybe: null })).toBeUndefined();
    expect(mismatch({}, good)).toBeUndefined();
  });

  it.each<[string, Record<string, Json>]>([
    ['kind is none of', { kind: 'c' }],
    ['one has to be 1', { one: 2 }],
    ['text is shorter', { text: 'a' }],
    ['text is longer', { text: 'abcde' }],
    ['count is of type number, and has to be integer', { count: 1.5 }],
    ['either fits none of the 2 choices', { either: 3 }],
    ['pair.1 is of type string', { pair: ['x', 'y'] }],
    ['record.x is of type number', { record: { x: 1 } }],
    ['tree.children.0.value is 11, out of bounds', { tree: { value: 1, children: [{ value: 11, children: [] }] } }],
    ['tree.children has 3 items', { tree: { value: 1, children: [1, 2, 3] } }],
    ['surprise must not be there', { surprise: 1 }],
  ])('differ: %s', (message, change) => {
    expect(mismatch(schema, { ...good, ...change })).toContain(message);
  });

  it('differ where something is missing, or is not an object at all', () => {
    expect(mismatch(schema, {})).toBe('kind is missing');
    expect(mismatch(schema, null)).toBe('the answer is of type null, and has to be object');
  });
});

describe('a hostile schema', () => {
  let deep: Json = 'x';
  for (let level = 0; level < 40; level += 1) deep = [deep];

  it.each<[string, JsonSchema, Json]>([
    ['that leads to itself', { $ref: '#' }, 1],
    ['that leads nowhere', { $ref: '#/$defs/nothing' }, 1],
    ['that leads to a prototype', { $ref: '#/__proto__' }, 1],
    [
      'that doubles at each level',
      {
        anyOf: [
          { type: 'array', items: { $ref: '#' } },
          { type: 'array', items: { $ref: '#' } },
        ],
      },
      deep,
    ],
  ])('%s is given up', (_, schema, value) => {
    expect(() => mismatch(schema, value)).toThrow('its output schema');
  });

  it.each<[string, JsonSchema, Json]>([
    ['many names to look for', { items: { required: Array<number>(20_000).fill(0) } }, Array<Json>(20_000).fill({})],
    ['many types', { items: { type: [...Array<string>(20_000).fill('x'), 'number'] } }, Array<number>(5000).fill(0)],
    ['a long reference', { items: { $ref: `#/${'/'.repeat(200_000)}` } }, Array<number>(5000).fill(0)],
    ['a long list to choose from', { items: { enum: [...Array<string>(20_000).fill('x'), 'y'] } }, Array<string>(5000).fill('y')],
  ])('pays for %s', (_, schema, value) => {
    expect(() => mismatch(schema, value)).toThrow('too complicated');
  });

  it('is not written out to be compared with a long text', () => {
    const choices = Array.from({ length: 200 }, (_, index) => index);
    expect(mismatch({ enum: [...choices, 'x'] }, 'x'.repeat(4e6))).toBe('the answer is none of the values that are allowed');
  });

  it('is compared by values, in whatever order these are', () => {
    const choice = { a: [1, 'x', null], b: { c: true } };
    expect(mismatch({ const: choice }, { b: { c: true }, a: [1, 'x', null] })).toBeUndefined();
    for (const other of [{ ...choice, d: 1 }, { a: choice.a }, { ...choice, a: [1, 'x'] }, { ...choice, b: { d: true } }, [], 'x']) {
      expect(mismatch({ const: choice }, other)).toBe('the answer has to be another value');
    }
  });

  it('has its patterns left alone', () => {
    expect(mismatch({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(60)}b`)).toBeUndefined();
  });
});
