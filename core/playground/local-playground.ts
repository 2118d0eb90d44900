import fs from 'node:fs';
import path from 'node:path';
import { parseTrainingConfig, resolveModelFolder } from '@anneal/engine';
import type { PrismaClient } from '@anneal/prisma';
import { NotFound, Unavailable } from '../errors.ts';
import type { Playground, PlaygroundChunk, Sampling } from './playground.ts';
import { GenerationProcess } from './generation-process.ts';

/** Runs whose models are in memory at the same time. */
const mostProcesses = 2;

/** Answers with the models of runs, each run's in a process of its own on this machine. */
export class LocalPlayground implements Playground {
  readonly #prisma: PrismaClient;
  readonly #folderOf: (runId: string) => string;
  /** By run and artifact, least recently used first. */
  readonly #processes = new Map<string, GenerationProcess>();

  constructor(prisma: PrismaClient, folderOf: (runId: string) => string) {
    this.#prisma = prisma;
    this.#folderOf = folderOf;
  }

  /**
   * @throws NotFound without such a run, Unavailable when it has not saved what it learned yet, or the process died
   */
  async *generate({
    runId,
    prompt,
    sampling,
    signal,
  }: {
    runId: string;
    prompt: string;
    sampling: Sampling;
    signal: AbortSignal;
  }): AsyncGenerator<PlaygroundChunk> {
    const process = await this.#processFor(runId);
    try {
      for await (const { side, text, done, tokens, seconds, problem } of process.generate(prompt, sampling, signal)) {
        yield { side, text, done, tokens, seconds, ...(problem === null ? {} : { problem }) };
      }
    } catch (error) {
      throw new Unavailable('The process that runs the models has ended, perhaps for want of memory. Try again.', { cause: error });
    }
  }

  close(): void {
    for (const process of this.#processes.values()) process.close();
  }

  async #processFor(runId: string): Promise<GenerationProcess> {
    const run = await this.#prisma.run.findUnique({ where: { id: runId }, include: { artifacts: { orderBy: { step: 'desc' }, take: 1 } } });
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    const [artifact] = run.artifacts;
    const folder = artifact && path.join(this.#folderOf(runId), artifact.path);
    if (!artifact || !folder || !fs.existsSync(folder)) {
      throw new Unavailable('The tuned model can be tried once the run has ended and saved what it learned.');
    }
    const key = `${runId}:${artifact.id}`;
    const process = this.#processes.get(key) ?? this.#start(key, parseTrainingConfig(run.config).model.base, artifact.kind, folder);
    this.#processes.delete(key);
    this.#processes.set(key, process);
    return process;
  }

  #start(key: string, base: string, kind: string, folder: string): GenerationProcess {
    const models = {
      baseFolder: resolveModelFolder(base),
      tuned: { kind: kind === 'model' ? ('model' as const) : ('adapter' as const), folder },
      threads: 0,
    };
    const process: GenerationProcess = new GenerationProcess(models, () => {
      if (this.#processes.get(key) === process) this.#processes.delete(key);
    });
    for (const [oldest, other] of this.#processes) {
      if (this.#processes.size < mostProcesses) break;
      this.#processes.delete(oldest);
      other.close();
    }
    this.#processes.set(key, process);
    return process;
  }
}
