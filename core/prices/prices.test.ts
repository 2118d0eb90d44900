import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Invalid, NotFound } from '../errors.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import type { Studio } from '../studio.ts';
import { cleanUp, idleLauncher, openStudio, owner, temporaryFolder } from '../testing/studio.ts';
import { costOf } from './cost.ts';

const projectId = defaultProjectId;
const listed = { inputPerMillion: 3, outputPerMillion: 15 };
const model = { id: 'claude/small', plugin: 'claude', price: listed };
const usage = { inputTokens: 1000, outputTokens: 100 };

let folder: string;
let studio: Studio;
beforeAll(async () => {
  folder = temporaryFolder();
  studio = await openStudio(folder, { launcher: idleLauncher });
});
afterAll(async () => {
  await studio.close();
  cleanUp(folder);
});

describe('a cost', () => {
  it('counts what was read from and written to the cache of the provider at its own price', () => {
    const price = { ...listed, cacheReadPerMillion: 0.3, cacheWritePerMillion: 3.75 };
    const cost = costOf(price, { inputTokens: 1_000_000, cacheReadTokens: 600_000, cacheWriteTokens: 100_000, outputTokens: 10_000 });
    expect(cost).toBeCloseTo(0.3 * 3 + 0.6 * 0.3 + 0.1 * 3.75 + 0.01 * 15, 12);
  });

  it('takes the price of the model, then of its plugin, then the listed one, and knows when there is none', async () => {
    const cost = () => studio.prices.cost(projectId, model, usage);
    expect(await studio.prices.cost(projectId, { id: 'local/x', plugin: 'local' }, usage)).toBeNull();
    expect(await cost()).toBeCloseTo(0.0045, 12);
    await studio.prices.set(owner, { projectId, model: 'claude/*', inputPerMillion: 1, outputPerMillion: 2 });
    expect(await cost()).toBeCloseTo(0.0012, 12);
    await studio.prices.set(owner, { projectId, model: model.id, inputPerMillion: 0, outputPerMillion: 0 });
    expect(await cost()).toBe(0);
    await studio.prices.remove(owner, { projectId, model: model.id });
    await studio.prices.remove(owner, { projectId, model: 'claude/*' });
    expect(await cost()).toBeCloseTo(0.0045, 12);
    await expect(studio.prices.remove(owner, { projectId, model: model.id })).rejects.toThrow(NotFound);
  });
});

it.each([
  ['claude', { inputPerMillion: 1, outputPerMillion: 1 }, ['model']],
  ['claude/x', { inputPerMillion: -1, outputPerMillion: Number.NaN }, ['inputPerMillion', 'outputPerMillion']],
  ['claude/x', { inputPerMillion: 1, outputPerMillion: 1e9, cacheReadPerMillion: Infinity }, ['outputPerMillion', 'cacheReadPerMillion']],
])('refuses a price of %s: %o', async (name, price, paths) => {
  const refused = await studio.prices.set(owner, { projectId, model: name, ...price }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Invalid);
  expect((refused as Invalid).issues.map(({ path }) => path)).toEqual(paths);
});
