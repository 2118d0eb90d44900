import path from 'node:path';
import type { Context } from './context.ts';
import { runSide, type SideRun } from './side.ts';
import { median } from './statistics.ts';
import { type Variant, variantArguments } from './variants.ts';

/** What both sides are given to do. */
export interface Task {
  /** Hugging Face model folder, PEFT folder to start from, JSON file of batches. */
  model: string;
  adapter: string;
  batches: string;
  learningRate?: number;
  rounds: number;
  /** Of our side; each does the whole task. */
  variants: readonly Variant[];
  /** Length of the rows that our side packs sequences into. */
  packing?: number;
  /** Whether the rate of matrix products is measured too, by the variant of this name. */
  productRate?: string;
}

const here = import.meta.dirname;
const peerName = 'PyTorch + PEFT';

/** The runs of both sides, one a round. */
export class Turns {
  readonly #runs = new Map<string, SideRun[]>();
  readonly #failures = new Map<string, string>();

  /** @throws Error with why there are none. */
  ours({ name }: Variant): readonly SideRun[] {
    return this.#runsOf(name);
  }

  /** @throws Error with why there are none. */
  peer(): readonly SideRun[] {
    return this.#runsOf(peerName);
  }

  /** Numbers of the steps in which a side had a warm-up in any run. */
  coldSteps(): number[] {
    return [...new Set([...this.#runs.values()].flat().flatMap(({ coldSteps }) => coldSteps))].sort((a, b) => a - b);
  }

  /** @param run not tried again once it failed. */
  async take(name: string, run: () => Promise<SideRun>): Promise<SideRun | null> {
    if (this.#failures.has(name)) return null;
    try {
      const done = await run();
      this.#runs.set(name, [...(this.#runs.get(name) ?? []), done]);
      return done;
    } catch (error) {
      this.fail(name, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  fail(name: string, reason: string): void {
    this.#failures.set(name, reason);
  }

  #runsOf(name: string): readonly SideRun[] {
    const failure = this.#failures.get(name);
    if (failure !== undefined) throw new Error(failure);
    return this.#runs.get(name) ?? [];
  }
}

/** Both sides do a task in processes of their own, in turn: our first variant, PyTorch + PEFT, our other variants, then from the start again. */
export async function takeTurns(task: Task, { options: { threads }, peer, say, observe }: Omit<Context, 'shared'>): Promise<Turns> {
  const turns = new Turns();
  const common = [
    ...['--model', task.model, '--adapter', task.adapter, '--batches', task.batches],
    ...['--threads', String(threads), '--learning-rate', String(task.learningRate ?? 2e-4)],
  ];
  const ours = (variant: Variant) => [
    ...['--import', 'tsx', path.join(here, 'ours.ts'), ...common, ...variantArguments(variant)],
    ...(task.packing ? ['--packing', String(task.packing)] : []),
    ...(task.productRate === variant.name ? ['--product-rate'] : []),
  ];
  const env = { ...process.env, OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' };
  if ('reason' in peer) turns.fail(peerName, peer.reason);
  for (let round = 1; round <= task.rounds; round++) {
    const tell = (side: string, run: SideRun | null) => {
      if (run) observe(run);
      say(`  round ${round} of ${task.rounds}, ${side}: ${run ? `${median(countedSeconds(run)).toFixed(2)} s a step` : 'no run'}`);
    };
    for (const [index, variant] of task.variants.entries()) {
      tell(`Anneal ${variant.name}`, await turns.take(variant.name, () => runSide(process.execPath, ours(variant))));
      // Next to the first, which is the one that is compared most closely.
      if (index > 0 || 'reason' in peer) continue;
      tell(peerName, await turns.take(peerName, () => runSide(peer.python, [path.join(here, 'peer_peft.py'), ...common], env)));
    }
  }
  return turns;
}

/** Seconds of the steps without a warm-up. @param cold numbers of the steps that are left out */
export const countedSeconds = ({ seconds, coldSteps }: SideRun, cold: readonly number[] = coldSteps): number[] =>
  seconds.filter((_, step) => !cold.includes(step));
