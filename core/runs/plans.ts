import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import process from 'node:process';
import { nodeArguments, planProblemSchema, type PlannedRun, plannedRunSchema, planProgram, type TrainingConfig } from '@anneal/engine';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { Invalid, Unavailable } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { engineEnvironment } from './engine-process.ts';
import { type SourcedConfig, type TrainingSources, withSources } from './sources.ts';
import { validateConfig } from './validate.ts';

/** What a run will take: sizes in bytes, times in seconds. Cost is in the currency of the price; null where none was named. */
export interface RunPlan extends PlannedRun {
  cost: number | null;
}

export interface RunPlanInput extends SourcedConfig {
  projectId: string;
  /** What an hour of this machine costs, at least 0. */
  pricePerHour?: number;
}

export interface PlanServiceOptions {
  sources: TrainingSources;
  dataFolder: string;
  logger: Logger;
  /** After which a plan is given up. Default 120,000 milliseconds. */
  limit?: number;
}

/** Free memory and disk change. Milliseconds. */
const lifetime = 30_000;
/** Plans that wait for their turn: each takes some ten seconds when it has to measure. */
const mostWaiting = 8;

/**
 * Says before a run what it will take. Each plan is made in a process of its own, one at a time, for it trains a slice of the model for some
 * seconds; what it measured is kept for this machine and kind of run, and those who ask for the same share one answer.
 */
export class PlanService {
  readonly #options: PlanServiceOptions;
  /** By what was asked for. */
  readonly #plans = new Map<string, Promise<PlannedRun>>();
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: PlanServiceOptions) {
    this.#options = options;
  }

  /**
   * @throws Invalid with an issue for each field that is wrong, NotFound and Conflict for dataset and model, Forbidden for viewers,
   * Unavailable when too many ask, or it takes too long
   */
  async plan(viewer: Viewer, { projectId, pricePerHour, ...input }: RunPlanInput): Promise<RunPlan> {
    const { sources, dataFolder } = this.#options;
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'train' });
    if (pricePerHour !== undefined && !(pricePerHour >= 0 && Number.isFinite(pricePerHour))) throw badPrice();
    const sourced = await withSources(viewer, sources, projectId, input);
    const planned = await this.#shared(await validateConfig(sourced.config, dataFolder));
    return { ...planned, cost: pricePerHour === undefined ? null : (planned.time.total / 3600) * pricePerHour };
  }

  #shared(config: TrainingConfig): Promise<PlannedRun> {
    const key = createHash('sha256').update(JSON.stringify(config)).digest('base64url');
    const known = this.#plans.get(key);
    if (known) return known;
    if (this.#waiting >= mostWaiting) throw new Unavailable('Too many plans are being made at the moment. Ask again in a minute.');
    this.#waiting++;
    const planned = this.#last.then(() => this.#make(config));
    this.#last = planned.catch(() => undefined).finally(() => this.#waiting--);
    this.#plans.set(key, planned);
    const forget = () => this.#plans.delete(key);
    planned.then(() => setTimeout(forget, lifetime).unref(), forget);
    return planned;
  }

  async #make(config: TrainingConfig): Promise<PlannedRun> {
    const { dataFolder, limit = 120_000, logger } = this.#options;
    const { code, output, complaint } = await run(JSON.stringify({ config, folder: dataFolder }), limit);
    if (code === 'timeout')
      throw new Unavailable(`The plan was not made within ${limit / 1000} seconds: the machine has too much else to do. Ask again later.`);
    const told = lastLine(output);
    const problem = planProblemSchema.safeParse(told).data;
    if (problem?.code === 'OUT_OF_MEMORY') throw new Unavailable(problem.message);
    if (problem) {
      const issues = problem.issues.length > 0 ? problem.issues : [{ path: '', message: problem.message }];
      throw new Invalid(
        problem.message,
        issues.map(({ path, message }) => ({ path: path === '' ? 'config' : `config.${path}`, message })),
      );
    }
    const planned = plannedRunSchema.safeParse(told).data;
    if (planned) return planned;
    logger.error({ code, complaint: complaint.slice(-2000) }, 'a plan could not be made');
    throw new Unavailable('The plan could not be made: its process ended. Ask again; the log of the server has the details.');
  }
}

/** Runs the program to its end, or ends it and all that it has started. */
function run(request: string, limit: number): Promise<{ code: number | string; output: string; complaint: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeArguments, planProgram, request], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: engineEnvironment(),
      windowsHide: true,
      // A group of its own: it starts processes that measure.
      detached: true,
    });
    let [output, complaint, isLate] = ['', '', false];
    const timer = setTimeout(() => {
      isLate = true;
      endGroup(child.pid);
    }, limit);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-10_000)));
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: isLate ? 'timeout' : (signal ?? code ?? 1), output, complaint });
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function lastLine(output: string): unknown {
  try {
    return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
  } catch {
    return null;
  }
}

function badPrice(): Invalid {
  const message = 'A price is a number of at least 0.';
  return new Invalid(message, [{ path: 'pricePerHour', message }]);
}
