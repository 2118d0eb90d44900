import type { Message } from '@anneal/plugins';
import type { Prisma, PrismaClient, Prompt, PromptVersion, Role } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole } from '../access/access.ts';
import type { Scope, Viewer } from '../access/viewer.ts';
import { Invalid, NotFound } from '../errors.ts';
import { type IncludedPrompt, type ResolvedIncludes, resolveIncludes } from './includes.ts';
import { requireText } from './plain-text.ts';
import { renderWording } from './rendered-wording.ts';
import { inspectWording } from './template.ts';
import type { JsonValue } from './variables.ts';
import type { Wording } from './wording.ts';

/** Which version of a prompt: by its id, or the one that a label points to. */
export interface PromptReference {
  promptId: string;
  /** Left out, without a version: `production` where the prompt has it, otherwise the newest version. */
  label?: string;
  versionId?: string;
}

/** How the model is asked. */
export interface PromptParameters {
  /** 0: always the most likely token. */
  temperature: number;
  topP: number;
  maxTokens: number;
  stop: string[];
}

export interface FoundVersion {
  prompt: Prompt;
  version: PromptVersion;
  /** The label that led to it. */
  label?: string;
}

/** A version with all that it includes, ready to be rendered as often as one likes. */
export interface ResolvedVersion extends FoundVersion {
  wording: Wording;
  included: ResolvedIncludes;
}

/** What is sent to a model. */
export interface RenderedPrompt {
  promptId: string;
  versionId: string;
  number: number;
  label?: string;
  /** plugin/model; null: whoever executes it says which. */
  model: string | null;
  parameters: PromptParameters;
  system: string | undefined;
  /** Examples as turns of user and assistant, then the question. */
  messages: Message[];
  includes: IncludedPrompt[];
  /** Values as they were given. */
  variables: Record<string, JsonValue>;
}

/** Who may: by default whoever may execute prompts. */
interface Right {
  role: Role;
  scope: Scope;
}

/** From the name of a prompt to what is sent to a model. */
export class PromptUse {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  /**
   * Finds a version.
   * @throws NotFound, Invalid at `label`, Forbidden for those who may not execute
   */
  async find(
    viewer: Viewer | null,
    { promptId, label, versionId }: PromptReference,
    { role, scope }: Right = { role: 'EDITOR', scope: 'execute' },
  ): Promise<FoundVersion> {
    const prompt = await this.#prisma.prompt.findUnique({ where: { id: promptId } });
    const what = `prompt ${promptId}`;
    if (!prompt) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: prompt.projectId, role, scope, what });
    return { prompt, ...(versionId === undefined ? await this.#labelled(prompt, label) : await this.#numbered(prompt, versionId)) };
  }

  /**
   * Finds a version, and all that it includes as that stands now.
   * @throws NotFound, Invalid at `label`, or at `includes` for one that is gone or a circle; Forbidden for those who may not execute
   */
  async resolve(viewer: Viewer | null, reference: PromptReference): Promise<ResolvedVersion> {
    const found = await this.find(viewer, reference);
    const { prompt, version } = found;
    const report = inspectWording(version);
    if (report.issues.length > 0) throw new Invalid(`Version ${version.number} of "${prompt.name}" cannot be rendered.`, report.issues);
    const included = await resolveIncludes(this.#prisma, { projectId: prompt.projectId, name: prompt.name, report });
    return { ...found, wording: report.wording, included };
  }

  /**
   * Fills a version in.
   * @param variables JSON object
   * @throws Invalid with issues at `variables.<name>`, `examples.<index>.input.<name>`, or `template` when it becomes too long
   */
  async render({ prompt, version, label, wording, included }: ResolvedVersion, variables: unknown): Promise<RenderedPrompt> {
    const { system, messages, given } = renderWording(wording, included, variables);
    const { model, temperature, topP, maxTokens } = version;
    return {
      promptId: prompt.id,
      versionId: version.id,
      number: version.number,
      ...(label !== undefined && { label }),
      model,
      parameters: { temperature, topP, maxTokens, stop: storedStop(version.stop) },
      system,
      messages,
      includes: included.includes,
      variables: given,
    };
  }

  async #numbered(prompt: Prompt, id: string): Promise<{ version: PromptVersion }> {
    const version = await this.#prisma.promptVersion.findUnique({ where: { id, promptId: prompt.id } });
    if (!version) throw new NotFound(`The prompt "${prompt.name}" has no version ${id}.`);
    return { version };
  }

  async #labelled(prompt: Prompt, label: string | undefined): Promise<{ version: PromptVersion; label?: string }> {
    const name = label ?? 'production';
    if (label !== undefined) requireText({ label });
    const pointer = await this.#prisma.promptLabel.findUnique({
      where: { promptId_name: { promptId: prompt.id, name } },
      include: { version: true },
    });
    if (pointer) return { version: pointer.version, label: name };
    if (label !== undefined) {
      const labels = await this.#prisma.promptLabel.findMany({ where: { promptId: prompt.id }, orderBy: { name: 'asc' } });
      const list = labels.length > 0 ? `It has ${labels.map((one) => `"${one.name}"`).join(', ')}.` : 'It has none yet.';
      const message = `The prompt "${prompt.name}" has no label "${label}". ${list}`;
      throw new Invalid(message, [{ path: 'label', message }]);
    }
    const version = await this.#prisma.promptVersion.findFirst({ where: { promptId: prompt.id }, orderBy: { number: 'desc' } });
    if (!version) throw new NotFound(`The prompt "${prompt.name}" has no version yet.`);
    return { version };
  }
}

const storedStop = (stop: Prisma.JsonValue): string[] => z.array(z.string()).parse(stop);
