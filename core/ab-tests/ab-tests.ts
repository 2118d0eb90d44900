import type { AbTest, AbVariant, Prisma, PrismaClient, Prompt } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { pointLabel } from '../prompts/labels.ts';
import { isText, noTextHelp } from '../prompts/plain-text.ts';
import { promptForChange } from '../prompts/prompt-change.ts';
import { isUniqueViolation } from '../uniquely.ts';
import { placeOf, variantAt } from './assignment.ts';
import { checkedTest, type NewTestFields } from './new-test.ts';
import { type Standing, standingOf } from './standing.ts';
import { versionOfWinner, type WinnerSearch } from './winner.ts';

/** How many tests of a prompt may run at a time. */
const mostRunning = 20;

export interface PromoteInput {
  testId: string;
  /** Default: the one that is ahead, when that can be told. */
  variantId?: string;
  /** The label that is to point to its version. */
  label: string;
  /** At most 1,000 characters. */
  notes?: string;
}

/** Versions of a prompt, or models, against each other, with subjects that are given to them by lot and stay there. */
export class AbTestService {
  readonly #prisma: PrismaClient;
  readonly #search: WinnerSearch;

  constructor(prisma: PrismaClient, search: WinnerSearch) {
    this.#prisma = prisma;
    this.#search = search;
  }

  /**
   * Begins a test. It assigns subjects from now on.
   * @throws Invalid with an issue a field, NotFound, Conflict when the name is taken or too many run, Forbidden for viewers
   */
  async create(viewer: Viewer, { promptId, ...fields }: NewTestFields & { promptId: string }): Promise<AbTest> {
    try {
      return await this.#prisma.$transaction(async (transaction) => {
        const prompt = await promptForChange(transaction, viewer, promptId);
        const { variants, ...checked } = checkedTest(fields);
        await requireVersions(
          transaction,
          prompt,
          variants.map(({ promptVersionId }) => promptVersionId),
        );
        const running = await transaction.abTest.count({ where: { promptId, state: 'RUNNING' } });
        if (running >= mostRunning) throw new Conflict(`${mostRunning} tests of "${prompt.name}" run already. Stop one of them first.`);
        const rows = variants.map((variant, position) => ({ id: newId(), position, ...variant }));
        const test = await transaction.abTest.create({
          data: { id: newId(), promptId, ...checked, state: 'RUNNING', createdById: viewer.userId, variants: { create: rows } },
        });
        const details = { name: test.name, metric: test.metric, variants: rows.map(({ name }) => name) };
        await this.#audit(transaction, viewer, 'createAbTest', { test, prompt, details });
        return test;
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new Conflict(`There is a test named "${fields.name.trim()}" of this prompt already. Choose another name.`, { cause: error });
    }
  }

  /**
   * The variant that a subject gets: always the same one while the test runs, in the long run as many as the weights say. Nothing is stored.
   * @param subjectId whom the test is to stick to: a user, a session; 1–200 characters
   * @throws Invalid, NotFound, Conflict when the test was stopped, Forbidden for viewers
   */
  async assign(viewer: Viewer, testId: string, subjectId: string): Promise<AbVariant> {
    const test = await this.#test(this.#prisma, testId);
    requireRole(viewer, { projectId: test.prompt.projectId, role: 'EDITOR', scope: 'execute', what: `A/B test ${testId}` });
    const variant = chosen(test, subjectId);
    if (!variant) {
      const winner = test.variants.find(({ id }) => id === test.winnerVariantId);
      const known = winner ? `"${winner.name}" has won it. ` : '';
      throw new Conflict(
        `The A/B test "${test.name}" was stopped and assigns nobody any more. ${known}Execute the prompt by a label or a version instead.`,
      );
    }
    return variant;
  }

  /** The same for those who only want to know, or execute elsewhere; null when the test was stopped. @throws Invalid, NotFound */
  async variantFor(viewer: Viewer | null, testId: string, subjectId: string): Promise<AbVariant | null> {
    const test = await this.#test(this.#prisma, testId);
    requireRole(viewer, { projectId: test.prompt.projectId, role: 'VIEWER', scope: 'read', what: `A/B test ${testId}` });
    return chosen(test, subjectId);
  }

  /** How a test stands. @throws NotFound */
  async standing(viewer: Viewer | null, testId: string): Promise<Standing> {
    const { prompt, variants, ...test } = await this.#test(this.#prisma, testId);
    requireRole(viewer, { projectId: prompt.projectId, role: 'VIEWER', scope: 'read', what: `A/B test ${testId}` });
    return standingOf(this.#prisma, test, variants);
  }

  /** Ends a test: it assigns nobody any more. One that was stopped stays so. @throws NotFound, Forbidden for viewers */
  async stop(viewer: Viewer, testId: string): Promise<AbTest> {
    return this.#prisma.$transaction(async (transaction) => {
      const { test, prompt } = await this.#locked(transaction, viewer, testId);
      if (test.state === 'STOPPED') return test;
      await this.#audit(transaction, viewer, 'stopAbTest', { test, prompt, details: { name: test.name } });
      return transaction.abTest.update({ where: { id: testId }, data: { state: 'STOPPED', stoppedAt: new Date() } });
    });
  }

  /**
   * Lets a label point to the version of the variant that has won, and ends the test. Where that variant asked another model than its
   * version says, a version with that model is made.
   * @throws Invalid, NotFound, Conflict when it cannot be told yet who has won, Forbidden for viewers, and for all but owners when the label is protected
   */
  async promote(viewer: Viewer, { testId, variantId, label, notes }: PromoteInput): Promise<AbTest> {
    const leaderId = variantId ?? (await this.#leader(viewer, testId));
    return this.#prisma.$transaction(async (transaction) => {
      const { test, prompt, variants } = await this.#locked(transaction, viewer, testId);
      const winner = variants.find(({ id }) => id === leaderId);
      if (!winner) throw new NotFound(`The A/B test "${test.name}" has no variant ${leaderId}.`);
      const version = await versionOfWinner(transaction, viewer, { prompt, test, winner, search: this.#search });
      const said = notes?.trim() || `Winner of the A/B test "${test.name}": ${winner.name}`;
      await pointLabel(transaction, viewer, { action: 'deployPromptVersion', prompt, label, version, notes: said });
      const details = { name: test.name, winner: winner.name, label, number: version.number };
      await this.#audit(transaction, viewer, 'promoteAbTestWinner', { test, prompt, details });
      const ended = { state: 'STOPPED', stoppedAt: test.stoppedAt ?? new Date() } as const;
      return transaction.abTest.update({ where: { id: testId }, data: { ...ended, winnerVariantId: winner.id } });
    });
  }

  /** Deletes a test. Its executions stay. @throws NotFound, Forbidden for viewers */
  async delete(viewer: Viewer, testId: string): Promise<void> {
    await this.#prisma.$transaction(async (transaction) => {
      const { test, prompt } = await this.#locked(transaction, viewer, testId);
      await transaction.abTest.delete({ where: { id: testId } });
      await this.#audit(transaction, viewer, 'deleteAbTest', { test, prompt, details: { name: test.name } });
    });
  }

  async #leader(viewer: Viewer, testId: string): Promise<string> {
    const { prompt, variants, ...test } = await this.#test(this.#prisma, testId);
    requireRole(viewer, { projectId: prompt.projectId, role: 'EDITOR', scope: 'write', what: `A/B test ${testId}` });
    const { leaderId } = await standingOf(this.#prisma, test, variants);
    if (leaderId === null) {
      throw new Conflict(
        `It cannot be told yet which variant of "${test.name}" is the best. Let the test run on, or say which variant is to be promoted.`,
      );
    }
    return leaderId;
  }

  async #test(database: Prisma.TransactionClient, id: string): Promise<AbTest & { prompt: Prompt; variants: AbVariant[] }> {
    const test = await database.abTest.findUnique({
      where: { id },
      include: { prompt: true, variants: { orderBy: { position: 'asc' } } },
    });
    if (!test) throw new NotFound(`There is no A/B test ${id}.`);
    return test;
  }

  /** A test whose prompt nobody else changes before the end of the transaction. */
  async #locked(
    transaction: Prisma.TransactionClient,
    viewer: Viewer,
    id: string,
  ): Promise<{ test: AbTest; prompt: Prompt; variants: AbVariant[] }> {
    const { promptId } = await this.#test(transaction, id);
    const prompt = await promptForChange(transaction, viewer, promptId, `A/B test ${id}`);
    const { prompt: _, variants, ...test } = await this.#test(transaction, id);
    return { test, prompt, variants };
  }

  async #audit(
    transaction: Prisma.TransactionClient,
    viewer: Viewer,
    action: string,
    { test, prompt, details }: { test: AbTest; prompt: Prompt; details: Prisma.InputJsonObject },
  ): Promise<void> {
    const subject = { type: 'AbTest', id: test.id };
    await audit(transaction, viewer, { action, projectId: prompt.projectId, subject, details: { prompt: prompt.name, ...details } });
  }
}

/** @returns null when the test was stopped @throws Invalid */
function chosen({ id, state, variants }: AbTest & { variants: AbVariant[] }, subjectId: string): AbVariant | null {
  if (subjectId.length < 1 || subjectId.length > 200 || !isText(subjectId)) {
    const message = isText(subjectId) ? 'A subject has 1 to 200 characters.' : noTextHelp;
    throw new Invalid(message, [{ path: 'subjectId', message }]);
  }
  return state === 'STOPPED' ? null : variantAt(variants, placeOf(id, subjectId));
}

/** @throws Invalid with an issue for each that is no version of the prompt */
async function requireVersions(transaction: Prisma.TransactionClient, prompt: Prompt, ids: readonly string[]): Promise<void> {
  const found = await transaction.promptVersion.findMany({ where: { id: { in: [...ids] }, promptId: prompt.id }, select: { id: true } });
  const known = new Set(found.map(({ id }) => id));
  const issues = ids.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `variants.${index}.promptVersionId`, message: `"${prompt.name}" has no version ${id}.` }],
  );
  if (issues.length > 0) throw new Invalid('The test is not valid: a variant needs a version of the prompt.', issues);
}
