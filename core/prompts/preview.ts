import type { Issue } from '@anneal/engine';
import type { Prompt, PromptVersion, PrismaClient } from '@anneal/prisma';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid, NotFound } from '../errors.ts';
import { type IncludedPrompt, type ResolvedIncludes, resolveIncludes } from './includes.ts';
import type { PromptReference, PromptUse } from './prompt-use.ts';
import { fillWording, renderFilled, type Turn } from './rendered-wording.ts';
import { inspectWording, unusedVariables, type WordingIssue, type WordingReport } from './template.ts';
import type { PromptVariable } from './variables.ts';
import type { WordingInput } from './wording.ts';

/** What is to be looked at: a version, or a wording that is still being written. */
export interface PreviewInput extends Partial<PromptReference> {
  /** Of a wording that belongs to no prompt yet. */
  projectId?: string;
  /** Goes before that of a version. */
  wording?: WordingInput;
  /** JSON object. */
  variables?: unknown;
}

/** A variable that somebody has to fill in, or that is still to be declared. */
export interface PreviewVariable extends PromptVariable {
  isDeclared: boolean;
  /** Whether the templates use it, those of included prompts too. */
  isUsed: boolean;
  /** Whether only included prompts declare it. */
  isIncluded: boolean;
}

/** What a prompt would be sent as. */
export interface PromptPreview {
  system: string | null;
  /** Empty where the templates have issues. Texts that are missing are shown as `{{name}}`. */
  messages: Turn[];
  /** What keeps it from being executed. */
  issues: WordingIssue[];
  /** What is odd. */
  warnings: Issue[];
  variables: PreviewVariable[];
  includes: IncludedPrompt[];
  /** UTF-16 units of all texts. */
  characters: number;
}

interface Subject {
  projectId: string;
  prompt: Prompt | null;
  wording: WordingInput;
}

/** Renders prompts without executing them. */
export class PromptPreviews {
  readonly #prisma: PrismaClient;
  readonly #promptUse: PromptUse;

  constructor(prisma: PrismaClient, promptUse: PromptUse) {
    this.#prisma = prisma;
    this.#promptUse = promptUse;
  }

  /**
   * Fills a prompt in as far as that goes. What is wrong with wording or values is part of the answer.
   * @throws NotFound, Invalid when nothing is named or a label is not there, Forbidden
   */
  async preview(viewer: Viewer | null, input: PreviewInput): Promise<PromptPreview> {
    const { projectId, prompt, wording } = await this.#subject(viewer, input);
    const report = inspectWording(wording);
    const { included, issues } = await this.#included(projectId, prompt, report);
    const variables = variablesOf(report, included);
    const problems = [...report.issues, ...issues];
    const answer = { variables, includes: included.includes, warnings: warningsOf(report, included) };
    if (problems.length > 0) return { ...answer, system: null, messages: [], issues: problems, characters: 0 };
    const filled = fillWording(report.wording, included, input.variables);
    try {
      const shown = Object.fromEntries(included.variables.filter(({ type }) => type === 'string').map(({ name }) => [name, `{{${name}}}`]));
      const missing = filled.issues.length > 0 ? shown : {};
      const { system, messages } = renderFilled(report.wording, included, { ...filled, values: { ...missing, ...filled.values } });
      const characters = messages.reduce((sum, { content }) => sum + content.length, system?.length ?? 0);
      return { ...answer, system: system ?? null, messages, issues: filled.issues, characters };
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return { ...answer, system: null, messages: [], issues: [...filled.issues, ...error.issues], characters: 0 };
    }
  }

  async #subject(viewer: Viewer | null, { projectId, promptId, label, versionId, wording }: PreviewInput): Promise<Subject> {
    const right = { role: 'VIEWER', scope: 'read' } as const;
    if (promptId === undefined && versionId === undefined) {
      if (projectId === undefined || !wording) {
        const message = 'Name a prompt or a version, or give a wording and its project.';
        throw new Invalid(message, [{ path: 'promptId', message }]);
      }
      requireRole(viewer, { projectId, ...right });
      return { projectId, prompt: null, wording };
    }
    const named = promptId === undefined ? await this.#ofVersion(versionId ?? '') : { promptId, label, versionId };
    if (!wording) {
      const { prompt, version } = await this.#promptUse.find(viewer, named, right);
      return { projectId: prompt.projectId, prompt, wording: version };
    }
    const what = `prompt ${named.promptId}`;
    const prompt = await this.#prisma.prompt.findUnique({ where: { id: named.promptId } });
    if (!prompt) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: prompt.projectId, what, ...right });
    return { projectId: prompt.projectId, prompt, wording };
  }

  async #ofVersion(versionId: string): Promise<PromptReference> {
    const version: Pick<PromptVersion, 'promptId'> | null = await this.#prisma.promptVersion.findUnique({
      where: { id: versionId },
      select: { promptId: true },
    });
    if (!version) throw new NotFound(`There is no prompt version ${versionId}.`);
    return { promptId: version.promptId, versionId };
  }

  async #included(
    projectId: string,
    prompt: Prompt | null,
    report: WordingReport,
  ): Promise<{ included: ResolvedIncludes; issues: readonly Issue[] }> {
    try {
      return { included: await resolveIncludes(this.#prisma, { projectId, name: prompt?.name, report }), issues: [] };
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      const variables = [...report.wording.variables];
      return { included: { includes: [], templates: new Map(), variables, used: new Set() }, issues: error.issues };
    }
  }
}

/** Those that are declared, here or in what is included, and those that are still to be. */
function variablesOf({ wording, used }: WordingReport, included: ResolvedIncludes): PreviewVariable[] {
  const own = new Set(wording.variables.map(({ name }) => name));
  const usedHere = new Set(used.map(({ name }) => name));
  const declared = included.variables.map((variable) => ({
    ...variable,
    isDeclared: true,
    isUsed: usedHere.has(variable.name) || included.used.has(variable.name),
    isIncluded: !own.has(variable.name),
  }));
  const known = new Set(declared.map(({ name }) => name));
  const missing = used
    .filter(({ name }) => !known.has(name))
    .map(({ name, type }) => ({ name, type, description: '', required: true, isDeclared: false, isUsed: true, isIncluded: false }));
  return [...declared, ...missing];
}

const warningsOf = ({ wording, used }: WordingReport, included: ResolvedIncludes): Issue[] =>
  unusedVariables(wording, new Set([...used.map(({ name }) => name), ...included.used]));
