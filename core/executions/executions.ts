import { message } from '@anneal/plugins';
import type { Execution, PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { requireRole, requireScope, requireViewer } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import type { AbTestService } from '../ab-tests/ab-tests.ts';
import { Conflict, Invalid, LimitExceeded, NotFound } from '../errors.ts';
import type { PromptUse } from '../prompts/prompt-use.ts';
import { checkedVersion, type VersionInput } from '../prompts/version-content.ts';
import type { Bus } from '../streams/bus.ts';
import type { CacheUse } from '../output-cache/cache-key.ts';
import { pause } from '../streams/wake.ts';
import { type ExecutionsAtWork, leaseEnd } from './at-work.ts';
import {
  checkedSettings,
  checkedVariables,
  type ExecutionSettingsInput,
  parametersFor,
  parametersOf,
  type Variables,
  versionParameters,
} from './execution-input.ts';
import { problemOf } from './execution-problem.ts';
import { checkQuestion, type Draft, type Question, rowOfFailure, rowToAsk, whose } from './execution-row.ts';
import type { ExecutionRunner } from './execution-runner.ts';
import { hasEnded } from './states.ts';
import { countInBatch, tellEnd } from './settle.ts';
import { chosenPrompt, type PromptTarget } from './prompt-target.ts';
import type { TextWriter } from './text-writer.ts';
import { filledIn } from './unsaved-wording.ts';

export interface ExecutionServiceOptions {
  prisma: PrismaClient;
  bus: Bus;
  promptUse: PromptUse;
  abTests: Pick<AbTestService, 'assign'>;
  runner: ExecutionRunner;
  atWork: ExecutionsAtWork;
  texts: TextWriter;
}

export interface ExecutePromptInput extends ExecutionSettingsInput, PromptTarget {
  /** { name: value } */
  variables?: unknown;
}

export interface ExecuteWordingInput extends ExecutionSettingsInput {
  projectId: string;
  content: VersionInput;
  /** { name: value } */
  variables?: unknown;
}

/** What is to be otherwise than it was. */
export interface RetryInput {
  executionId: string;
  /** Of any prompt of the project: the variables against another wording. */
  versionId?: string;
  model?: string;
  /** Left out: BYPASS. Whoever asks again wants another answer. */
  cache?: CacheUse;
}

/** An answer that comes from the cache is waited for so long. Milliseconds. */
const shortWait = 250;

/** Asks language models with prompts, and writes down what came of it. */
export class ExecutionService {
  readonly #options: ExecutionServiceOptions;

  constructor(options: ExecutionServiceOptions) {
    this.#options = options;
  }

  /**
   * Begins an execution of a prompt. An answer of the output cache is there already when this returns.
   * @throws NotFound, Forbidden for viewers, LimitExceeded when too many are under way; Invalid and LimitExceeded for inputs that cannot be
   * sent, which are recorded as FAILED too
   */
  async execute(viewer: Viewer, input: ExecutePromptInput): Promise<Pick<Execution, 'id'>> {
    const { promptUse } = this.#options;
    const { variables, promptId: _prompt, label, versionId: _version, abTestId: _test, ...given } = input;
    const { projectId, reference, variant } = await chosenPrompt(this.#options, viewer, input);
    const settings = checkedSettings(given);
    const draft: Draft = {
      ...{ projectId, promptId: reference.promptId, promptVersionId: reference.versionId, label, variables: null },
      ...{ abTestId: variant?.abTestId, abVariantId: variant?.id, ...whose(viewer, settings) },
      ...{ model: settings.model ?? '', parameters: parametersFor(usual, settings) },
    };
    return this.#begin(draft, variables, async (values) => {
      const resolved = await promptUse.resolve(viewer, reference);
      const { version } = resolved;
      draft.promptVersionId = version.id;
      draft.label = resolved.label;
      draft.model ||= variant?.model ?? version.model ?? '';
      draft.parameters = parametersFor(versionParameters(version), settings);
      return promptUse.render(resolved, values);
    });
  }

  /**
   * Begins an execution of a wording that is stored nowhere.
   * @throws as `execute`
   */
  async executeWording(viewer: Viewer, input: ExecuteWordingInput): Promise<Pick<Execution, 'id'>> {
    const { projectId, content, variables, ...given } = input;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'execute' });
    const settings = checkedSettings(given);
    const draft: Draft = {
      ...{ projectId, variables: null, ...whose(viewer, settings) },
      ...{ model: settings.model ?? '', parameters: parametersFor(usual, settings) },
    };
    return this.#begin(draft, variables, async (values) => {
      const version = checkedVersion(content).content;
      draft.model ||= version.model ?? '';
      draft.parameters = parametersFor(version, settings);
      return filledIn(this.#options.prisma, projectId, version, values);
    });
  }

  /**
   * Ends an execution that has not ended; the model is told to stop. What it has written is kept.
   * @throws NotFound, Forbidden for viewers and for API keys that may not read it, Conflict when it has ended
   */
  async cancel(viewer: Viewer, id: string): Promise<void> {
    const { prisma, bus, texts } = this.#options;
    const execution = await this.#changeable(viewer, id);
    await texts.flush();
    const { batchId, startedAt } = execution;
    const finishedAt = new Date();
    const milliseconds = startedAt ? finishedAt.getTime() - startedAt.getTime() : null;
    await prisma.$transaction(async (transaction) => {
      const { count } = await transaction.execution.updateMany({
        where: { id, state: { in: ['QUEUED', 'RUNNING'] } },
        data: { state: 'CANCELLED', finishedAt, milliseconds, aliveUntil: null },
      });
      if (count === 0) throw new Conflict('This execution has ended already.');
      if (batchId !== null) await countInBatch(transaction, batchId, 'CANCELLED');
    });
    bus.topic('executionEnd').publish(id);
    tellEnd(bus, execution);
  }

  /**
   * Asks the same again, in an execution of its own.
   * @throws NotFound, Forbidden for viewers and for API keys that may not read it, Conflict while it has not ended or when its texts were deleted; else as `execute`
   */
  async retry(viewer: Viewer, { executionId, versionId, model, cache = 'BYPASS' }: RetryInput): Promise<Pick<Execution, 'id'>> {
    const before = await this.#changeable(viewer, executionId);
    if (!hasEnded(before.state)) throw new Conflict('This execution has not ended. Cancel it, or wait for its end.');
    if (before.redactedAt) throw new Conflict('The texts of this execution were deleted for their age; it cannot be asked again.');
    if (versionId !== undefined) await this.#checkVersion(versionId, before.projectId);
    const parameters = { ...parametersOf(before.parameters), cache };
    const kept = { sessionId: before.sessionId ?? undefined, subjectId: before.subjectId ?? undefined };
    if (versionId !== undefined || (before.messages === null && before.promptVersionId !== null)) {
      const { timeLimitSeconds, maxAttempts } = parameters;
      // The same version is asked as it was; another one as it says.
      const same = versionId === undefined ? { ...parameters.given, model: before.model || undefined } : {};
      const given = { ...kept, ...same, timeLimitSeconds, maxAttempts, cache, ...(model !== undefined && { model }) };
      return this.execute(viewer, { versionId: versionId ?? before.promptVersionId ?? '', variables: before.variables, ...given });
    }
    if (before.messages === null) throw new Conflict('This execution had nothing that could be sent. Execute it again with other inputs.');
    checkedSettings({ model });
    const question = { system: before.systemPrompt || undefined, messages: storedMessages.parse(before.messages) };
    const includes = storedIncludes.parse(before.includes);
    const source = { promptId: before.promptId ?? undefined, promptVersionId: before.promptVersionId ?? undefined };
    const draft: Draft = {
      ...{ projectId: before.projectId, ...source, label: before.label ?? undefined, variables: null, ...whose(viewer, kept) },
      ...{ model: model ?? before.model, parameters },
    };
    return this.#begin(draft, before.variables, async () => ({ ...question, includes }));
  }

  /**
   * Whether somebody may follow the answer of an execution: whoever may read, and an API key what it has executed itself.
   * @throws Unauthenticated, NotFound, Forbidden
   */
  async checkFollower(viewer: Viewer | null, id: string): Promise<void> {
    requireViewer(viewer);
    const what = `execution ${id}`;
    const scope = viewer.scopes.has('execute') ? 'execute' : 'read';
    // Which there are is told to those who may read.
    requireScope(viewer, scope);
    const execution = await this.#options.prisma.execution.findUnique({ where: { id }, select: { projectId: true, apiKeyId: true } });
    if (!execution) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: execution.projectId, role: 'VIEWER', scope, what });
    if (!isOwn(viewer, execution)) requireScope(viewer, 'read');
  }

  /**
   * Writes an execution down and begins it; or writes down why it cannot.
   * @param draft without its variables; `ask` may add what it finds out
   */
  async #begin(draft: Draft, given: unknown, ask: (variables: Variables) => Promise<Question>): Promise<Pick<Execution, 'id'>> {
    const { prisma, runner, atWork } = this.#options;
    const release = atWork.takePlace(draft.projectId);
    let done: Promise<void> | undefined;
    try {
      draft.variables = checkedVariables(given);
      const question = await ask(draft.variables);
      checkQuestion(draft, question);
      const now = new Date();
      const begins = { state: 'RUNNING' as const, createdAt: now, startedAt: now, aliveUntil: leaseEnd() };
      const execution = await prisma.execution.create({ data: rowToAsk(draft, question, begins) });
      const run = runner.run(execution);
      done = run.done.finally(release);
      await Promise.race([run.answered, pause(shortWait)]);
      return { id: execution.id };
    } catch (error) {
      if (error instanceof Invalid || error instanceof LimitExceeded)
        await prisma.execution.create({ data: rowOfFailure(draft, problemOf(error)) });
      throw error;
    } finally {
      if (!done) release();
    }
  }

  async #changeable(viewer: Viewer, id: string): Promise<Execution> {
    const what = `execution ${id}`;
    const execution = await this.#options.prisma.execution.findUnique({ where: { id } });
    if (!execution) throw new NotFound(`There is no ${what}.`);
    requireRole(viewer, { projectId: execution.projectId, role: 'EDITOR', scope: 'execute', what });
    if (!isOwn(viewer, execution)) requireScope(viewer, 'read');
    return execution;
  }

  /** Variables of one project are nothing for the prompts of another. @throws NotFound */
  async #checkVersion(id: string, projectId: string): Promise<void> {
    const version = await this.#options.prisma.promptVersion.count({ where: { id, prompt: { projectId } } });
    if (version === 0) throw new NotFound(`There is no prompt version ${id} in the project of the execution.`);
  }
}

/** Whether it was executed with the API key that they have come with: such a key may see it without the scope to read others. */
const isOwn = ({ credential }: Viewer, { apiKeyId }: Pick<Execution, 'apiKeyId'>): boolean =>
  credential.kind === 'apiKey' && credential.apiKeyId === apiKeyId;

const storedMessages = z.array(message);
const storedIncludes = z.array(z.object({ name: z.string(), label: z.string().nullable(), number: z.int() })).catch([]);
/** What a prompt is asked with that says nothing else. */
const usual = { temperature: 0, topP: 1, maxTokens: 1024 };
