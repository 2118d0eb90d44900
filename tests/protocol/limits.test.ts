import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio({ limits: { bodyBytes: 50_000, documentTokens: 500, aliases: 10, depth: 8, breadth: 60, cost: 1000 } });
});
afterAll(() => studio.close());

const nested = (levels: number): string =>
  levels === 0 ? '{ name }' : `{ experiment { runs(first: 1) { edges { node ${nested(levels - 1)} } } } }`;

describe('limits', () => {
  it.each([
    ['tokens', `{ ${'__typename '.repeat(600)} }`, 'TOKEN_LIMIT', '500'],
    [
      'aliases',
      `{ ${Array.from({ length: 11 }, (_, index) => `a${index}: __typename`).join(' ')} }`,
      'ALIAS_LIMIT',
      '11 aliases; the limit is 10',
    ],
    ['depth', `{ runs(first: 1) { edges { node ${nested(2)} } } }`, 'DEPTH_LIMIT', 'the limit is 8'],
    ['breadth', `{ runs(first: 1) { edges { node { ${'name '.repeat(70)} } } } }`, 'BREADTH_LIMIT', 'the limit is 60'],
    [
      'breadth, hidden in fragments',
      `{ runs(first: 1) { edges { node { ${'...A '.repeat(20)} } } } } fragment A on Run { name state step }`,
      'BREADTH_LIMIT',
      'the limit is 60',
    ],
    [
      'cost',
      '{ experiments(first: 100) { edges { node { runs(first: 100) { edges { node { name } } } } } } }',
      'COST_LIMIT',
      'smaller pages',
    ],
  ])('refuse too many %s with a clear message', async (_name, query, code, message) => {
    const { data, errors } = await studio.send(query);
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ message: expect.stringContaining(message), extensions: { code } }]);
  });

  it('tell the cost of every operation', async () => {
    const page = 'query ($first: Int) { runs(first: $first) { edges { node { name state } } } }';
    expect((await studio.send(page, { first: 10 })).extensions.cost).toEqual({ requested: 31, limit: 1000 });
    expect((await studio.send(page, { first: 100 })).extensions.cost).toEqual({ requested: 301, limit: 1000 });
  });

  it('hold for subscriptions too', async () => {
    const query = `subscription { runs { experiment { runs(first: 100) { edges { node { log(first: 100) { edges { node { message } } } } } } } } }`;
    const { errors } = await studio.send(query, {}, { accept: 'application/json' });
    expect(errors.map((error) => error.extensions?.code)).toEqual(['DEPTH_LIMIT', 'COST_LIMIT']);
  });

  it.each([
    ['first: 101', '"first" is 101'],
    ['first: 0', '"first" is 0'],
    ['last: -1', '"last" is -1'],
  ])('refuse a page of %s', async (page, message) => {
    const { errors } = await studio.send(`{ runs(${page}) { totalCount } }`);
    expect(errors).toMatchObject([{ message: expect.stringContaining(message), extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('refuse a body that is too large, with or without a stated length', async () => {
    const body = JSON.stringify({ query: `{ __typename } #${'x'.repeat(60_000)}` });
    const headers = { 'content-type': 'application/json' };
    const stated = await fetch(`${studio.url}/graphql`, { method: 'POST', headers, body });
    const streamed = await fetch(`${studio.url}/graphql`, {
      method: 'POST',
      headers,
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
    for (const response of [stated, streamed]) {
      expect(response.status).toBe(413);
      expect(await response.text()).toContain('50,000 bytes');
    }
  });

  it('let introspection through, but not in circles', async () => {
    expect((await studio.send('{ __schema { types { name fields { name type { name ofType { name } } } } } }')).errors).toEqual([]);
    const circle = '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }';
    expect((await studio.send(circle)).errors).not.toEqual([]);
  });
});
