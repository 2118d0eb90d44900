import type { GenerateEvent, GenerateRequest } from '@anneal/plugins';
import { message } from '@anneal/plugins';
import type { Execution, PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';
import type { LanguageModel, LanguageModels } from '../language-models/language-models.ts';
import type { Logger } from '../logger.ts';
import { cacheKey, isCacheable } from '../output-cache/cache-key.ts';
import type { CachedAnswer, Lead, OutputCache } from '../output-cache/output-cache.ts';
import type { PriceService } from '../prices/prices.ts';
import type { Bus } from '../streams/bus.ts';
import { unlessAborted } from '../streams/wake.ts';
import { askPatiently } from './attempts.ts';
import { EndedElsewhere, type ExecutionsAtWork } from './at-work.ts';
import { type ExecutionParameters, parametersOf } from './execution-input.ts';
import { ExecutionFailure, isKnownProblem, problemOf } from './execution-problem.ts';
import { putBack } from './put-back.ts';
import { type Ending, failedWith, settle, stillTheirs, tellEnd } from './settle.ts';
import type { TextWriter } from './text-writer.ts';

export interface ExecutionRunnerOptions {
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  languageModels: LanguageModels;
  outputCache: OutputCache;
  prices: Pick<PriceService, 'cost'>;
  texts: TextWriter;
  atWork: ExecutionsAtWork;
  /** Before the second attempt. Milliseconds. */
  firstPause: number;
}

const messagesSchema = z.array(message);

/** One execution on its way. */
interface Running {
  execution: Execution;
  parameters: ExecutionParameters;
  request: GenerateRequest;
  signal: AbortSignal;
  /** As `performance.now` counts. */
  begun: number;
  /** When the first text came. */
  firstText: number | undefined;
  /** The last attempt. */
  attempt: number;
}

/** What a price is looked up by. */
type Priced = Pick<LanguageModel, 'id' | 'plugin' | 'price'>;

/** Brings executions that are RUNNING to their end: by the output cache, or by asking the model. */
export class ExecutionRunner {
  readonly #options: ExecutionRunnerOptions;

  constructor(options: ExecutionRunnerOptions) {
    this.#options = options;
  }

  /**
   * Works on an execution whose row is RUNNING and this server's.
   * @returns answered: when the output cache has given the answer, or the model is about to be asked; done: when it has ended
   */
  run(execution: Execution): { answered: Promise<void>; done: Promise<void> } {
    let tell: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (tell = resolve));
    const done = this.#options.atWork.run(execution, (stop) => this.#work(execution, stop, tell).finally(tell));
    return { answered, done };
  }

  async #work(execution: Execution, stop: AbortController, onAsk: () => void): Promise<void> {
    const { bus, logger, texts } = this.#options;
    const parameters = parametersOf(execution.parameters);
    const { timeLimitSeconds } = parameters;
    const timer = setTimeout(() => stop.abort(timedOut(timeLimitSeconds)), timeLimitSeconds * 1000);
    const request = requestOf(execution, parameters);
    const { attempts: attempt } = execution;
    const running: Running = {
      execution,
      parameters,
      request,
      signal: stop.signal,
      begun: performance.now(),
      firstText: undefined,
      attempt,
    };
    try {
      await this.#answer(running, onAsk);
    } catch (error) {
      await this.#fail(running, error).catch((failure: unknown) =>
        logger.error({ error: failure, executionId: execution.id }, 'the end of an execution could not be written; it will be found dead'),
      );
    } finally {
      clearTimeout(timer);
      texts.end(execution.id);
      // From here on readers look into the database. Whoever has ended it elsewhere rang while they still looked at the text here.
      bus.topic('execution').publish(execution.id);
    }
  }

  async #answer(running: Running, onAsk: () => void): Promise<void> {
    const { execution, parameters, request, signal } = running;
    if (!isCacheable(request, parameters.cache)) {
      onAsk();
      await this.#ask(running);
      return;
    }
    const { projectId } = execution;
    const identity = await this.#identity(running);
    const question = { projectId, key: cacheKey(request, identity), model: request.model };
    const taken = await this.#options.outputCache.takeOrLead(question, signal);
    if ('answer' in taken) return this.#giveCached(running, taken.answer);
    onAsk();
    await this.#ask(running, { ...taken.lead, identity });
  }

  async #identity({ execution: { projectId }, request, signal }: Running): Promise<string> {
    const identity = await unlessAborted(this.#options.languageModels.identityOf(projectId, request.model), signal);
    signal.throwIfAborted();
    return identity ?? '';
  }

  async #giveCached({ execution, begun }: Running, answer: CachedAnswer): Promise<void> {
    const { output, finishReason, inputTokens, outputTokens, costUsd, milliseconds: had } = answer;
    const milliseconds = performance.now() - begun;
    await this.#settle(execution, {
      state: 'SUCCEEDED',
      // One that was asked before, by a server that is gone, begins anew.
      attempts: execution.attempts === 0 ? 0 : execution.attempts + 1,
      ...{ output, outputLength: output.length, finishReason, inputTokens, outputTokens },
      ...{ costUsd: 0, isCached: true, savedUsd: costUsd ?? 0, savedMilliseconds: Math.max(0, had - milliseconds) },
      ...{ milliseconds, firstTextAfter: output === '' ? null : milliseconds },
    });
  }

  async #ask(running: Running, lead?: Lead & { identity: string }): Promise<void> {
    const { signal } = running;
    const answer = await this.#answerOf(running).catch((error: unknown) => {
      // That it was cancelled or out of time is nothing to others.
      lead?.failed(!signal.aborted && error instanceof Error && isKnownProblem(error) ? error : undefined);
      throw error;
    });
    const { cacheReadTokens, cacheWriteTokens, ...figures } = answer;
    const output = this.#options.texts.textOf(running.execution.id);
    // Before it has ended: whoever sees it end and asks the same gets this answer.
    if (lead && figures.finishReason !== 'refusal' && (await this.#isStill(running, lead.identity)))
      await this.#keep(lead, { output, ...figures });
    else lead?.failed();
    const tokens = { cacheReadTokens, cacheWriteTokens };
    await this.#settle(running.execution, { state: 'SUCCEEDED', ...writtenBy(running, output), ...figures, ...tokens });
  }

  /** Whether the model is still the one that was to be asked: an alias may have moved before it was. */
  async #isStill(running: Running, identity: string): Promise<boolean> {
    return (await this.#identity(running).catch(() => undefined)) === identity;
  }

  /** Asks the model. Its text goes to the writer. */
  async #answerOf(running: Running) {
    const { execution, begun } = running;
    const { prices } = this.#options;
    const { projectId } = execution;
    const model = await this.#model(running);
    const { finishReason, usage } = await this.#attempts(running);
    const { inputTokens = null, outputTokens = null, cacheReadTokens = null, cacheWriteTokens = null } = usage ?? {};
    const costUsd = usage ? await prices.cost(projectId, model, usage) : null;
    const tokens = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens };
    return { finishReason, costUsd, milliseconds: performance.now() - begun, ...tokens };
  }

  /** What is known of the model. One whose plugin cannot say at the moment what it has is asked all the same. */
  async #model({ execution: { projectId }, request: { model: id }, signal }: Running): Promise<Priced> {
    const unknown: Priced = { id, plugin: id.slice(0, id.indexOf('/')) };
    const found: Promise<Priced> = this.#options.languageModels.find(projectId, id).catch((error: unknown) => {
      if (error instanceof Unavailable) return unknown;
      throw error;
    });
    const model = await unlessAborted(found, signal);
    signal.throwIfAborted();
    return model ?? unknown;
  }

  #attempts(running: Running) {
    const { texts, firstPause } = this.#options;
    const { execution, parameters, signal, begun } = running;
    const { id, attempts: before } = execution;
    const { maxAttempts, timeLimitSeconds } = parameters;
    return askPatiently(
      (attempt) => {
        running.attempt = before + attempt;
        texts.begin(id, running.attempt);
        return this.#attempt(running);
      },
      (text) => {
        if (text !== '') running.firstText ??= performance.now();
        return texts.append(id, text);
      },
      { maxAttempts, firstPause, deadline: begun + timeLimitSeconds * 1000 },
      signal,
    );
  }

  async *#attempt({ execution, request, signal, attempt }: Running): AsyncGenerator<GenerateEvent> {
    const { prisma, languageModels } = this.#options;
    // What may be put back and begun by another server counts its attempts in the database, so that no text of theirs is taken for this.
    if (execution.batchId !== null) {
      const begins = { attempts: attempt, output: null, outputLength: 0 };
      const where = { ...stillTheirs(execution), attempts: { lt: attempt } };
      if ((await prisma.execution.updateMany({ where, data: begins })).count === 0) throw new EndedElsewhere();
    }
    yield* languageModels.generate(execution.projectId, request, signal);
  }

  async #keep(lead: Lead, answer: CachedAnswer): Promise<void> {
    await lead
      .answered(answer)
      .catch((error: unknown) => this.#options.logger.warn({ error }, 'an answer could not be put into the output cache'));
  }

  async #fail(running: Running, thrown: unknown): Promise<void> {
    const { execution, signal } = running;
    const error: unknown = signal.aborted ? signal.reason : thrown;
    if (error instanceof EndedElsewhere) return;
    // What belongs to a batch is asked again when that goes on.
    const isCut = execution.batchId !== null && problemOf(error).code === 'SERVER_STOPPED';
    if (isCut && (await putBack(this.#options.prisma, execution))) return;
    if (!isKnownProblem(error)) this.#options.logger.error({ error, executionId: execution.id }, 'an execution failed by a mistake');
    const output = this.#options.texts.textOf(execution.id);
    const milliseconds = performance.now() - running.begun;
    await this.#settle(execution, { state: 'FAILED', ...writtenBy(running, output), milliseconds, ...failedWith(problemOf(error)) });
  }

  async #settle(execution: Execution, ending: Ending): Promise<void> {
    const { prisma, bus, texts } = this.#options;
    await settle(prisma, execution, ending);
    // From here on its text is read from the database.
    texts.end(execution.id);
    tellEnd(bus, execution);
  }
}

/** What an attempt has written, and when it began to. */
const writtenBy = ({ attempt: attempts, begun, firstText }: Running, output: string) => ({
  ...{ attempts, output, outputLength: output.length },
  firstTextAfter: firstText === undefined ? null : firstText - begun,
});

function requestOf(
  { model, systemPrompt, messages }: Execution,
  { temperature, topP, maxTokens, stop, seed }: ExecutionParameters,
): GenerateRequest {
  return {
    ...{ model, messages: messagesSchema.parse(messages), maxTokens, temperature },
    ...(systemPrompt && { system: systemPrompt }),
    ...(topP !== undefined && topP < 1 && { topP }),
    ...(stop.length > 0 && { stop }),
    ...(seed !== undefined && { seed }),
  };
}

const timedOut = (seconds: number) =>
  new ExecutionFailure(
    'TIME_LIMIT',
    `There was no whole answer after ${seconds} seconds. Give more time with timeLimitSeconds (at most 600), or ask for fewer tokens with maxTokens.`,
  );
