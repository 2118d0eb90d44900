import fs from 'node:fs';
import path from 'node:path';
import { parseTrainingConfig, type PlaygroundModels, resolveModelFolder } from '@anneal/engine';
import type { PrismaClient } from '@anneal/prisma';
import { NotFound, Unavailable } from '../errors.ts';
import type { Playground, PlaygroundChunk, PlaygroundRequest } from './playground.ts';
import { GenerationProcess } from './generation-process.ts';

/** Runs whose models are in memory at the same time. */
const mostProcesses = 2;

/** Answers with the models of runs, each run's in a process of its own on this machine. */
export class LocalPlayground implements Playground {
  readonly #prisma: PrismaClient;
  readonly #folderOf: (runId: string) => string;
  /** By run and artifact or checkpoint, least recently used first. */
  readonly #processes = new Map<string, GenerationProcess>();

  constructor(prisma: PrismaClient, folderOf: (runId: string) => string) {
    this.#prisma = prisma;
    this.#folderOf = folderOf;
  }

  /**
   * @throws NotFound without such a run or checkpoint, Unavailable when it has not saved what it learned yet, or the process died
   */
  async *generate({ runId, checkpointId, prompt, sampling, signal }: PlaygroundRequest): AsyncGenerator<PlaygroundChunk> {
    const process = await this.#processFor(runId, checkpointId);
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

  async #processFor(runId: string, checkpointId: string | undefined): Promise<GenerationProcess> {
    const run = await this.#prisma.run.findUnique({ where: { id: runId }, include: { artifacts: { orderBy: { step: 'desc' }, take: 1 } } });
    if (!run) throw new NotFound(`There is no run ${runId}.`);
    const [artifact] = checkpointId === undefined ? run.artifacts : [];
    const folder = artifact && path.join(this.#folderOf(runId), artifact.path);
    const config = parseTrainingConfig(run.config);
    if (artifact && folder && fs.existsSync(folder)) {
      const kind = artifact.kind === 'model' ? 'model' : 'adapter';
      return this.#process(`${runId}:${artifact.id}`, config.model.base, { kind, folder });
    }
    const checkpoint = await this.#checkpoint(runId, checkpointId);
    return this.#process(`${runId}:${checkpoint.id}`, config.model.base, { kind: 'checkpoint', folder: checkpoint.folder, config });
  }

  /** The one that is asked for, or the newest that is kept. */
  async #checkpoint(runId: string, id: string | undefined): Promise<{ id: string; folder: string }> {
    const found = await this.#prisma.checkpoint.findMany({ where: { runId, ...(id !== undefined && { id }) }, orderBy: { step: 'desc' } });
    if (id !== undefined && found.length === 0) throw new NotFound(`There is no checkpoint ${id} of this run.`);
    const folders = found.map((checkpoint) => ({ id: checkpoint.id, folder: path.join(this.#folderOf(runId), checkpoint.path) }));
    const kept = folders.find(({ folder }) => fs.existsSync(folder));
    if (kept) return kept;
    if (id !== undefined) throw new Unavailable('The files of this checkpoint are gone: older ones are deleted as training goes on.');
    throw new Unavailable('The tuned model can be tried once the run has saved a checkpoint, or what it learned.');
  }

  #process(key: string, base: string, tuned: PlaygroundModels['tuned']): GenerationProcess {
    const process = this.#processes.get(key) ?? this.#start(key, base, tuned);
    this.#processes.delete(key);
    this.#processes.set(key, process);
    return process;
  }

  #start(key: string, base: string, tuned: PlaygroundModels['tuned']): GenerationProcess {
    const models = { baseFolder: resolveModelFolder(base), tuned, threads: 0 };
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
