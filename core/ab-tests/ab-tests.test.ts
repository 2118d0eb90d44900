import type { AbMetric, AbTest, ExecutionState, Prisma, Prompt } from '@anneal/prisma';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultProjectId } from '../identity/local-user.ts';
import { newId } from '../ids.ts';
import { memberOf, openPromptLibrary, type PromptLibrary } from '../testing/prompts.ts';
import { cleanUp, owner, temporaryFolder } from '../testing/studio.ts';
import { estimateOf, sumsOf } from './measures.ts';

const folder = temporaryFolder();
const editor = memberOf('EDITOR', defaultProjectId);
const viewer = memberOf('VIEWER', defaultProjectId);
const stranger = memberOf('OWNER', 'other');
let library: PromptLibrary;
let prompt: Prompt;
let versions: { id: string; number: number }[];

beforeAll(async () => {
  library = await openPromptLibrary(folder);
  await library.prisma.project.create({ data: { id: 'other', name: 'Other' } });
});
afterAll(async () => {
  await library.prisma.$disconnect();
  cleanUp(folder);
});
beforeEach(async () => {
  prompt = await library.prompts.create(owner, { projectId: defaultProjectId, name: newId(), template: 'One', model: 'a/one' });
  await library.promptVersions.create(owner, { promptId: prompt.id, template: 'Two' });
  versions = await library.prisma.promptVersion.findMany({ where: { promptId: prompt.id }, orderBy: { number: 'asc' } });
});

const variant = (name: string, version = 0, given: { model?: string; weight?: number } = {}) => ({
  ...{ name, promptVersionId: versions[version]?.id ?? '' },
  ...given,
});
const begin = (metric: AbMetric = 'SUCCESS', variants = [variant('old'), variant('new', 1)]) =>
  library.abTests.create(editor, { promptId: prompt.id, name: newId(), metric, variants });
const variantsOf = (test: AbTest) => library.prisma.abVariant.findMany({ where: { abTestId: test.id }, orderBy: { position: 'asc' } });
const abandon = (test: AbTest) => library.prisma.execution.deleteMany({ where: { abTestId: test.id } });

/** Executions of a variant, as they would have been recorded. */
async function executed(
  test: AbTest,
  position: number,
  outcomes: (Partial<Prisma.ExecutionCreateManyInput> & { state: ExecutionState })[],
): Promise<string[]> {
  const chosen = (await variantsOf(test))[position];
  const rows = outcomes.map((outcome) => ({
    ...{ id: newId(), projectId: defaultProjectId, promptId: prompt.id, promptVersionId: chosen?.promptVersionId, abTestId: test.id },
    ...{ abVariantId: chosen?.id, subjectId: newId(), model: 'a/one', parameters: {}, finishedAt: new Date() },
    ...outcome,
  }));
  await library.prisma.execution.createMany({ data: rows });
  return rows.map(({ id }) => id);
}

const successes = (succeeded: number, of: number) =>
  Array.from({ length: of }, (_, index) => ({ state: index < succeeded ? ('SUCCEEDED' as const) : ('FAILED' as const) }));

describe('a test', () => {
  it('gives each subject always the same variant, and the variants their shares', async () => {
    const test = await begin('SUCCESS', [
      variant('old', 0, { weight: 3 }),
      variant('new', 1),
      variant('other model', 1, { model: 'b/two' }),
    ]);
    const given = await Promise.all(Array.from({ length: 120 }, (_, index) => library.abTests.assign(editor, test.id, `user ${index}`)));
    const count = (name: string) => given.filter((assigned) => assigned.name === name).length;
    expect([count('old') > 50, count('new') > 5, count('other model') > 5]).toEqual([true, true, true]);
    for (const [index, assigned] of given.slice(0, 5).entries())
      expect((await library.abTests.assign(editor, test.id, `user ${index}`)).id).toBe(assigned.id);
    expect(await library.abTests.variantFor(viewer, test.id, 'user 0')).toEqual(given[0]);
    expect(given.find(({ name }) => name === 'other model')).toMatchObject({ promptVersionId: versions[1]?.id, model: 'b/two' });
  });

  it('that was stopped assigns nobody, and says what to do', async () => {
    const test = await begin();
    expect(await library.abTests.stop(editor, test.id)).toMatchObject({ state: 'STOPPED', stoppedAt: expect.any(Date) });
    await expect(library.abTests.assign(editor, test.id, 'ada')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('Execute the prompt by a label or a version instead'),
    });
    expect(await library.abTests.variantFor(viewer, test.id, 'ada')).toBeNull();
    await library.abTests.stop(editor, test.id);
    await library.abTests.delete(editor, test.id);
    await expect(library.abTests.assign(editor, test.id, 'ada')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const entries = await library.prisma.auditEntry.findMany({ where: { subjectId: test.id }, orderBy: { time: 'asc' } });
    expect(entries.map(({ action }) => action)).toEqual(['createAbTest', 'stopAbTest', 'deleteAbTest']);
  });

  it('counts what was executed for it, and finds who is ahead', async () => {
    const test = await begin();
    expect(await library.abTests.standing(viewer, test.id)).toMatchObject({
      isSignificant: false,
      leaderId: null,
      variants: [{ executions: 0, mean: null, interval: null, difference: null }, { difference: null }],
      method: expect.stringContaining('at most 5 %'),
    });
    await executed(test, 0, [...successes(60, 100), { state: 'CANCELLED' }, { state: 'RUNNING' }]);
    await executed(test, 1, successes(95, 100));
    const [, second] = await variantsOf(test);
    const standing = await library.abTests.standing(viewer, test.id);
    expect(standing).toMatchObject({ isSignificant: true, leaderId: second?.id });
    expect(standing.variants).toMatchObject([
      { executions: 102, values: 100, subjects: 100, mean: 0.6, difference: null },
      { executions: 100, mean: 0.95, difference: { value: expect.closeTo(0.35, 9), isSignificant: true, isBetter: true } },
    ]);
    const [first] = standing.variants;
    expect((first?.interval?.low ?? 1) < 0.6 && (first?.interval?.high ?? 0) > 0.6).toBe(true);
  });

  it('measures ratings, time and cost in the database, without what came from the cache', async () => {
    for (const metric of ['LATENCY', 'COST'] as const) {
      const test = await begin(metric);
      const [id] = (await variantsOf(test)).map((one) => one.id);
      await executed(test, 0, [
        { state: 'SUCCEEDED', subjectId: 'ada', milliseconds: 100, costUsd: 100 },
        { state: 'SUCCEEDED', subjectId: 'ada', milliseconds: 300, costUsd: 300 },
        { state: 'SUCCEEDED', subjectId: 'bob', milliseconds: 800, costUsd: 800 },
        { state: 'SUCCEEDED', subjectId: 'bob', milliseconds: 1, costUsd: 0, isCached: true },
        { state: 'CANCELLED', subjectId: 'bob', milliseconds: 5, costUsd: 5 },
        { state: 'SUCCEEDED', subjectId: 'eve' },
      ]);
      const sums = (await sumsOf(library.prisma, test.id, metric)).get(id ?? '');
      const [ada, bob] = [400, 800];
      expect(sums).toEqual({
        ...{ subjects: 2, values: 3, sum: ada + bob, sumOfSquares: ada ** 2 + bob ** 2, crossSum: 2 * ada + bob, sizeSquares: 5 },
      });
      // By hand: the mean is 400, and the residuals of the two subjects are -400 and 400.
      expect(sums && estimateOf(sums)).toEqual({ value: 400, variance: expect.closeTo(((2 * 400 ** 2) / 9) * 2, 6), observations: 2 });
      await abandon(test);
    }
    const test = await begin('RATING');
    const [first = '', second = ''] = await executed(test, 1, successes(2, 2));
    await library.feedback.give(editor, { executionId: first, rating: 5 });
    await library.feedback.give(editor, { executionId: second, rating: 2 });
    expect((await library.abTests.standing(viewer, test.id)).variants).toMatchObject([
      { executions: 0, mean: null },
      { executions: 2, values: 2, subjects: 2, mean: 3.5 },
    ]);
  });

  it('lets a label point to what has won, when that can be told, and ends', async () => {
    const test = await begin();
    const promote = (by = editor, variantId?: string) => library.abTests.promote(by, { testId: test.id, label: 'production', variantId });
    await expect(promote()).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('cannot be told yet') });
    await executed(test, 0, successes(10, 60));
    await executed(test, 1, successes(58, 60));
    await library.promptLabels.protect(owner, { projectId: defaultProjectId, label: 'production', isProtected: true });
    await expect(promote()).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await library.prisma.abTest.findUniqueOrThrow({ where: { id: test.id } })).toMatchObject({
      state: 'RUNNING',
      winnerVariantId: null,
    });
    const [, second] = await variantsOf(test);
    expect(await promote(owner)).toMatchObject({ state: 'STOPPED', winnerVariantId: second?.id });
    await library.promptLabels.protect(owner, { projectId: defaultProjectId, label: 'production', isProtected: false });
    expect(await library.prisma.promptLabel.findMany({ where: { promptId: prompt.id } })).toMatchObject([
      { name: 'production', versionId: versions[1]?.id },
    ]);
    await expect(library.abTests.assign(editor, test.id, 'ada')).rejects.toThrow('"new" has won it.');
    await expect(promote(editor, 'nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('of models promotes a version with the model that has won', async () => {
    const test = await begin('COST', [variant('dear', 0), variant('cheap', 0, { model: 'b/cheap' })]);
    const [, cheap] = await variantsOf(test);
    for (const _ of [1, 2]) await library.abTests.promote(editor, { testId: test.id, label: 'production', variantId: cheap?.id });
    const label = await library.prisma.promptLabel.findFirstOrThrow({ where: { promptId: prompt.id }, include: { version: true } });
    expect(label.version).toMatchObject({ number: 3, model: 'b/cheap', template: 'One', notes: expect.stringContaining('has won') });
    expect(await library.prisma.promptVersion.count({ where: { promptId: prompt.id } })).toBe(3);
  });

  it('has names and subjects that are texts', async () => {
    const input = { promptId: prompt.id, name: 'a\0', metric: 'COST' as const, variants: [variant('b\0'), variant('c', 1)] };
    await expect(library.abTests.create(editor, input)).rejects.toMatchObject({ issues: [{ path: 'name' }, { path: 'variants.0.name' }] });
    await expect(library.abTests.assign(editor, (await begin()).id, 'a\0')).rejects.toMatchObject({ issues: [{ path: 'subjectId' }] });
  });

  it('is refused with a reason', async () => {
    const elsewhere = await library.prompts.create(owner, { projectId: defaultProjectId, name: newId(), template: 'Other' });
    const foreign = await library.prisma.promptVersion.findFirstOrThrow({ where: { promptId: elsewhere.id } });
    const wrong = (variants: Parameters<typeof begin>[1], path: string) =>
      expect(begin('SUCCESS', variants)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        issues: expect.arrayContaining([expect.objectContaining({ path })]),
      });
    await wrong([variant('alone')], 'variants');
    await wrong(
      Array.from({ length: 11 }, (_, index) => variant(`${index}`, 0, { model: `a/${index}` })),
      'variants',
    );
    await wrong([variant('same'), variant('same', 1)], 'variants.1.name');
    await wrong([variant('a'), variant('b')], 'variants.1.promptVersionId');
    await wrong([variant('a'), variant('b', 1, { weight: 0 })], 'variants.1.weight');
    await wrong([variant('a'), variant('b', 1, { model: 'no plugin' })], 'variants.1.model');
    await wrong([variant('a'), { name: 'b', promptVersionId: foreign.id }], 'variants.1.promptVersionId');
    const test = await begin();
    const again = { promptId: prompt.id, name: test.name, metric: 'COST' as const, variants: [variant('a'), variant('b', 1)] };
    await expect(library.abTests.create(editor, again)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(test.name),
    });
    await expect(library.abTests.create(viewer, again)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(library.abTests.assign(viewer, test.id, 'ada')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(library.abTests.assign(editor, test.id, '')).rejects.toMatchObject({ issues: [{ path: 'subjectId' }] });
    for (const change of [
      () => library.abTests.standing(stranger, test.id),
      () => library.abTests.assign(stranger, test.id, 'ada'),
      () => library.abTests.stop(stranger, test.id),
      () => library.abTests.promote(stranger, { testId: test.id, label: 'production' }),
    ])
      await expect(change()).rejects.toMatchObject({ code: 'NOT_FOUND', message: `There is no A/B test ${test.id}.` });
  });
});
