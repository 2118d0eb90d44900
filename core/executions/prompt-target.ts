import type { AbVariant, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import type { AbTestService } from '../ab-tests/ab-tests.ts';
import { Invalid, NotFound } from '../errors.ts';
import { isText, noTextHelp } from '../prompts/plain-text.ts';
import type { PromptReference } from '../prompts/prompt-use.ts';

/** Which wording: of a prompt what its label points to, one version, or the variant of an A/B test that a subject gets. */
export interface PromptTarget {
  promptId?: string;
  label?: string;
  versionId?: string;
  abTestId?: string;
  subjectId?: string;
}

export interface ChosenPrompt {
  projectId: string;
  reference: PromptReference;
  variant: AbVariant | undefined;
}

/**
 * Finds out which prompt is meant, and that they may execute it.
 * @throws NotFound, Forbidden for viewers, Invalid unless one of prompt, version and A/B test is named, Conflict for a test that is stopped
 */
export async function chosenPrompt(
  { prisma, abTests }: { prisma: PrismaClient; abTests: Pick<AbTestService, 'assign'> },
  viewer: Viewer,
  target: PromptTarget,
): Promise<ChosenPrompt> {
  const { promptId, label, versionId, abTestId, subjectId } = target;
  const projectId = await projectOf(prisma, viewer, target);
  if ([promptId, versionId, abTestId].filter((id) => id !== undefined).length !== 1)
    throw invalid('promptId', 'Name one of promptId, versionId and abTestId: what is to be executed.');
  if (label !== undefined && promptId === undefined)
    throw invalid('label', 'A label needs promptId: it points to a version of that prompt.');
  if (label !== undefined && !isText(label)) throw invalid('label', noTextHelp);
  if (promptId !== undefined) return { projectId, reference: { promptId, label }, variant: undefined };
  if (abTestId === undefined) return { projectId, reference: await versionOf(prisma, versionId ?? ''), variant: undefined };
  if (subjectId === undefined)
    throw invalid('subjectId', 'An A/B test needs subjectId: who always gets the same variant, such as the id of a user.');
  const variant = await abTests.assign(viewer, abTestId, subjectId);
  return { projectId, reference: await versionOf(prisma, variant.promptVersionId), variant };
}

const invalid = (path: string, message: string) => new Invalid(message, [{ path, message }]);

async function versionOf(prisma: PrismaClient, versionId: string): Promise<PromptReference> {
  const version = await prisma.promptVersion.findUnique({ where: { id: versionId }, select: { promptId: true } });
  if (!version) throw new NotFound(`There is no prompt version ${versionId}.`);
  return { promptId: version.promptId, versionId };
}

/** The project of what is named, in which they may execute. Before anything else is said. */
async function projectOf(prisma: PrismaClient, viewer: Viewer, { promptId, versionId, abTestId }: PromptTarget): Promise<string> {
  const project = { select: { projectId: true } } as const;
  const findings: [what: string, found: () => Promise<string | undefined>][] = [];
  if (promptId !== undefined)
    findings.push([`prompt ${promptId}`, async () => (await prisma.prompt.findUnique({ where: { id: promptId }, ...project }))?.projectId]);
  if (versionId !== undefined) {
    const find = { where: { id: versionId }, select: { prompt: project } };
    findings.push([`prompt version ${versionId}`, async () => (await prisma.promptVersion.findUnique(find))?.prompt.projectId]);
  }
  if (abTestId !== undefined) {
    const find = { where: { id: abTestId }, select: { prompt: project } };
    findings.push([`A/B test ${abTestId}`, async () => (await prisma.abTest.findUnique(find))?.prompt.projectId]);
  }
  let projectId: string | undefined;
  for (const [what, find] of findings) {
    projectId = await find();
    if (projectId === undefined) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'execute', what });
  }
  if (projectId === undefined) throw invalid('promptId', 'Name one of promptId, versionId and abTestId: what is to be executed.');
  return projectId;
}
