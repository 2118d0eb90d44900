import type { Prisma, PrismaClient, Prompt, PromptVersion } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit } from '../audit/audit.ts';
import { Conflict, Forbidden, Invalid, NotFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { previousNumber } from '../model-versions/alias-history.ts';
import { labelPattern } from './names.ts';
import { requireText } from './plain-text.ts';
import { promptForChange } from './prompt-change.ts';

/** Whether a text may be the name of a label. */
export const isLabel = (text: string): boolean => labelPattern.test(text);
export const labelHelp = 'A label has 1 to 40 characters, of a to z, 0 to 9 and "-".';
const longestNotes = 1000;
/** Of one prompt. */
export const mostLabels = 100;
export const mostLabelsHelp = `A prompt has at most ${mostLabels} labels.`;
/** Of one project. */
const mostProtected = 100;

/** Names that point to one version of a prompt, and to another one tomorrow: production, staging. Every change is remembered. */
export class LabelService {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Lets a label point to a version. One that points there already is left as it is.
   * @param input label: 1–40 of `a-z`, `0-9` and `-`; notes: at most 1,000 characters
   * @throws Invalid, NotFound, Forbidden for viewers, and for all but owners when the label is protected
   */
  async deploy(viewer: Viewer, { versionId, label, notes }: { versionId: string; label: string; notes?: string }): Promise<Prompt> {
    return this.#prisma.$transaction(async (transaction) => {
      const what = `prompt version ${versionId}`;
      const version = await transaction.promptVersion.findUnique({ where: { id: versionId } });
      if (!version) throw new NotFound(`There is no ${what}.`);
      const prompt = await promptForChange(transaction, viewer, version.promptId, what);
      await pointLabel(transaction, viewer, { action: 'deployPromptVersion', prompt, label, version, notes });
      return prompt;
    });
  }

  /** @throws Invalid, NotFound, Forbidden for viewers, and for all but owners when the label is protected */
  async remove(viewer: Viewer, { promptId, label, notes }: { promptId: string; label: string; notes?: string }): Promise<Prompt> {
    return this.#prisma.$transaction(async (transaction) => {
      const prompt = await promptForChange(transaction, viewer, promptId);
      checkLabel(label);
      const there = await transaction.promptLabel.findUnique({ where: { promptId_name: { promptId, name: label } } });
      if (!there) throw new NotFound(`"${prompt.name}" has no label "${label}".`);
      await pointLabel(transaction, viewer, { action: 'removePromptLabel', prompt, label, version: null, notes });
      return prompt;
    });
  }

  /**
   * Lets a label point to what it pointed to before; again, to what was before that. It comes back when it was removed.
   * @throws Invalid, NotFound, Conflict when there is nothing to go back to, Forbidden for viewers, and for all but owners when the label is protected
   */
  async rollBack(viewer: Viewer, { promptId, label, notes }: { promptId: string; label: string; notes?: string }): Promise<Prompt> {
    return this.#prisma.$transaction(async (transaction) => {
      const prompt = await promptForChange(transaction, viewer, promptId);
      checkLabel(label);
      const changes = await transaction.labelChange.findMany({ where: { promptId, label }, orderBy: [{ time: 'asc' }, { id: 'asc' }] });
      const versions = await transaction.promptVersion.findMany({ where: { promptId }, select: { number: true } });
      const number = previousNumber(changes, new Set(versions.map((version) => version.number)));
      if (number === null) {
        throw new Conflict(`The label "${label}" of "${prompt.name}" has pointed to no other version yet. Deploy one instead.`);
      }
      const version = await transaction.promptVersion.findUniqueOrThrow({ where: { promptId_number: { promptId, number } } });
      await pointLabel(transaction, viewer, { action: 'rollBackPromptLabel', prompt, label, version, notes, isRollBack: true });
      return prompt;
    });
  }

  /**
   * Lets only owners of the project move and remove a label from now on, on all its prompts; or everybody again who may change prompts.
   * @returns the protected labels of the project, by name
   * @throws Invalid, NotFound, Conflict for more than 100, Forbidden for all but owners
   */
  async protect(viewer: Viewer, input: { projectId: string; label: string; isProtected: boolean }): Promise<string[]> {
    const { projectId, label: name, isProtected } = input;
    requireRole(viewer, { projectId, role: 'OWNER', scope: 'write' });
    checkLabel(name);
    return this.#prisma.$transaction(async (transaction) => {
      const before = await protectedLabels(transaction, projectId);
      if (before.includes(name) === isProtected) return before;
      if (isProtected && before.length >= mostProtected) throw new Conflict(`A project has at most ${mostProtected} protected labels.`);
      if (isProtected) {
        await transaction.protectedLabel.upsert({
          where: { projectId_name: { projectId, name } },
          update: {},
          create: { projectId, name },
        });
      } else await transaction.protectedLabel.deleteMany({ where: { projectId, name } });
      const action = isProtected ? 'protectPromptLabel' : 'unprotectPromptLabel';
      await audit(transaction, viewer, { action, projectId, subject: { type: 'Project', id: projectId }, details: { label: name } });
      return protectedLabels(transaction, projectId);
    });
  }
}

/** Labels that only owners of a project move, by name. */
async function protectedLabels(transaction: Prisma.TransactionClient, projectId: string): Promise<string[]> {
  const rows = await transaction.protectedLabel.findMany({ where: { projectId }, orderBy: { name: 'asc' } });
  return rows.map(({ name }) => name);
}

interface Pointing {
  action: string;
  prompt: Prompt;
  label: string;
  /** Null: the label goes. */
  version: PromptVersion | null;
  notes?: string;
  isRollBack?: boolean;
}

/**
 * Lets a label point to a version, and writes it down. The prompt must have been locked by `promptForChange`, or be new.
 * @throws Invalid, also for more than 100 labels of a prompt; Forbidden for all but owners when the label is protected
 */
export async function pointLabel(transaction: Prisma.TransactionClient, viewer: Viewer, change: Pointing): Promise<void> {
  const { action, prompt, label: name, version, isRollBack = false } = change;
  const { id: promptId, projectId } = prompt;
  checkLabel(name);
  const notes = checkedNotes(change.notes ?? '');
  await refuseProtected(transaction, viewer, projectId, [name]);
  const place = { promptId_name: { promptId, name } };
  const before = await transaction.promptLabel.findUnique({ where: place, include: { version: true } });
  if (before?.versionId === version?.id) return;
  if (version && !before && (await transaction.promptLabel.count({ where: { promptId } })) >= mostLabels) {
    const message = `${mostLabelsHelp} Remove one of "${prompt.name}" first.`;
    throw new Invalid(message, [{ path: 'label', message }]);
  }
  const last = await transaction.labelChange.findFirst({ where: { promptId, label: name }, orderBy: { time: 'desc' } });
  // Later than the last change: the history is ordered by time.
  const time = new Date(Math.max(Date.now(), (last?.time.getTime() ?? 0) + 1));
  if (version) {
    const pointed = { versionId: version.id, updatedAt: time };
    await transaction.promptLabel.upsert({ where: place, update: pointed, create: { promptId, name, ...pointed } });
  } else await transaction.promptLabel.delete({ where: place });
  const numbers = { fromNumber: before?.version.number ?? null, toNumber: version?.number ?? null };
  const row = { promptId, label: name, ...numbers, isRollBack, notes, time, userId: viewer.userId };
  await transaction.labelChange.create({ data: { id: newId(), ...row } });
  await audit(transaction, viewer, { action, projectId, subject: { type: 'Prompt', id: promptId }, details: { label: name, ...numbers } });
}

/** @throws Forbidden when one of the labels is protected and they do not own the project */
export async function refuseProtected(
  transaction: Prisma.TransactionClient,
  viewer: Viewer,
  projectId: string,
  labels: readonly string[],
): Promise<void> {
  if (viewer.roles.get(projectId) === 'OWNER') return;
  const names = new Set(labels);
  const found = (await protectedLabels(transaction, projectId)).find((name) => names.has(name));
  if (found !== undefined)
    throw new Forbidden(`The label "${found}" is protected: only owners of the project move or remove it. Ask one of them.`);
}

/** @throws Invalid */
function checkLabel(label: string): void {
  if (!isLabel(label)) throw new Invalid(labelHelp, [{ path: 'label', message: labelHelp }]);
}

/** @throws Invalid */
function checkedNotes(notes: string): string {
  const trimmed = notes.trim();
  requireText({ notes });
  if (trimmed.length <= longestNotes) return trimmed;
  const message = `Notes on a label have at most ${longestNotes.toLocaleString('en-US')} characters.`;
  throw new Invalid(message, [{ path: 'notes', message }]);
}
