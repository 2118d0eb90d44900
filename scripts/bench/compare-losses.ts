/*
 * node --import tsx scripts/bench/compare-losses.ts [--json] [--venv DIR] [--steps 50] [--threads 1] [--only llama,gpt2] [--keep DIR]
 *
 * Whether `anneal train` computes what PyTorch + PEFT does: for a small model of each family both train from the same weights and the same
 * adapter, which PEFT made, on the same batches (a dataset of tokens: padded, with masked prompts). The losses of all steps must agree.
 * Then the adapters change sides: each side takes one more step with what the other has learned, and both must see the same loss.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Batch, padded, writeBatches } from './batches.ts';
import { createRandom } from './random.ts';
import { execute, runSide } from './side.ts';
import { largestRelativeDifference } from './statistics.ts';
import { findPeer } from './virtual-environment.ts';

const families = ['llama', 'qwen2', 'qwen3', 'gpt2'];
const tolerance = 1e-4;
const learningRate = 1e-3;
const vocabulary = 512;

const root = path.resolve(import.meta.dirname, '../..');
const say = (line: string) => console.error(line);
const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    venv: { type: 'string' },
    steps: { type: 'string', default: '50' },
    threads: { type: 'string', default: '1' },
    only: { type: 'string', default: families.join() },
    keep: { type: 'string' },
  },
});
const { steps, threads } = z.object({ steps: z.coerce.number().int().min(1), threads: z.coerce.number().int().min(1) }).parse(values);

/** Sequences that follow a rule with some noise, so that there is something to learn; the first quarter of each is no target. */
function batchesToLearn(): Batch[] {
  const random = createRandom(11);
  const pick = (n: number) => Math.floor(random.uniform() * n);
  const sequence = () => {
    const ids = [pick(vocabulary)];
    const length = 24 + pick(41);
    while (ids.length < length) ids.push(random.uniform() < 0.1 ? pick(vocabulary) : ((ids.at(-1) ?? 0) * 5 + 17) % 61);
    return { ids, labels: ids.map((id, index) => (index < length / 4 ? -100 : id)) };
  };
  return Array.from({ length: steps }, () => padded(Array.from({ length: 4 }, sequence)));
}

interface Trained {
  losses: number[];
  gradientNorms: number[];
  adapter: string;
}
interface Work {
  folder: string;
  adapter: string;
  /** A JSON file. */
  batches: string;
}

/** By the command line, from outside. */
async function trainHere({ folder, adapter, batches }: Work, name: string): Promise<Trained> {
  const [config, run] = [path.join(folder, `${name}.json`), path.join(folder, name)];
  const settings = {
    model: { base: 'model' },
    data: { format: 'tokens', path: batches },
    method: { initAdapter: adapter },
    optimizer: { learningRate },
    schedule: { type: 'constant', epochs: 1 },
    run: { threads, device: 'cpu', checkpointEvery: 0, tensorBoard: false },
  };
  fs.writeFileSync(config, JSON.stringify(settings));
  await execute(process.execPath, [path.join(root, 'node_modules/.bin/anneal'), 'train', config, '--run-dir', run]);
  const stepLine = z.object({ type: z.literal('step'), loss: z.number(), gradNorm: z.number() });
  const lines = fs.readFileSync(path.join(run, 'journal.ndjson'), 'utf8').trimEnd().split('\n');
  const read = lines.flatMap((line) => stepLine.safeParse(JSON.parse(line)).data ?? []);
  return {
    losses: read.map(({ loss }) => loss),
    gradientNorms: read.map(({ gradNorm }) => gradNorm),
    adapter: path.join(run, 'artifacts/adapter'),
  };
}

async function trainThere(python: string, { folder, adapter, batches }: Work, name: string): Promise<Trained> {
  const saved = path.join(folder, name);
  const { losses, gradientNorms } = await runSide(
    python,
    [
      ...[path.join(import.meta.dirname, 'peer_peft.py'), '--model', path.join(folder, 'model'), '--adapter', adapter],
      ...['--batches', batches, '--threads', String(threads), '--learning-rate', String(learningRate), '--save', saved],
    ],
    { ...process.env, HF_HUB_OFFLINE: '1' },
  );
  return { losses, gradientNorms, adapter: saved };
}

async function compare(python: string, family: string, folder: string) {
  say(`${family}: ${steps} steps on either side…`);
  await execute(python, [path.join(import.meta.dirname, 'small_models.py'), '--family', family, '--out', folder]);
  const [batches, firstBatch] = [path.join(folder, 'batches.json'), path.join(folder, 'first-batch.json')];
  const toLearn = batchesToLearn();
  writeBatches(batches, toLearn);
  writeBatches(firstBatch, toLearn.slice(0, 1));
  const start: Work = { folder, adapter: path.join(folder, 'adapter'), batches };
  const [ours, peer] = [await trainHere(start, 'ours'), await trainThere(python, start, 'peer')];

  const again = (adapter: string): Work => ({ folder, adapter, batches: firstBatch });
  const swapped = {
    ours: [await trainHere(again(ours.adapter), 'ours-here'), await trainThere(python, again(ours.adapter), 'ours-there')],
    peer: [await trainHere(again(peer.adapter), 'peer-here'), await trainThere(python, again(peer.adapter), 'peer-there')],
  };
  const acrossSides = ([here, there]: Trained[]) => largestRelativeDifference(here?.losses ?? [], there?.losses ?? []);
  return {
    family,
    firstLoss: ours.losses[0],
    lastLoss: ours.losses.at(-1),
    largestRelativeDifference: {
      losses: largestRelativeDifference(ours.losses, peer.losses),
      gradientNorms: largestRelativeDifference(ours.gradientNorms, peer.gradientNorms),
      /** Loss with the adapter that was trained here, in PEFT and here; and with the one that PEFT trained. */
      adapterFromHere: acrossSides(swapped.ours),
      adapterFromPeer: acrossSides(swapped.peer),
    },
    ...(values.keep !== undefined && { losses: { ours: ours.losses, peer: peer.losses } }),
  };
}

const peer = findPeer(values.venv, path.join(root, '.cache/bench/venv'), say);
if ('reason' in peer) {
  say(peer.reason);
  process.exit(1);
}
const home = values.keep === undefined ? fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-losses-')) : path.resolve(values.keep);
try {
  const results = [];
  for (const family of values.only.split(',')) results.push(await compare(peer.python, family, path.join(home, family)));
  const agree = results.every(({ largestRelativeDifference: { losses, adapterFromHere, adapterFromPeer } }) =>
    [losses, adapterFromHere, adapterFromPeer].every((difference) => difference <= tolerance),
  );
  if (values.json) console.log(JSON.stringify({ steps, learningRate, tolerance, agree, results }, null, 2));
  else
    console.table(
      results.map(({ family, firstLoss, lastLoss, largestRelativeDifference: largest }) => ({ family, firstLoss, lastLoss, ...largest })),
    );
  if (!agree) process.exitCode = 1;
} finally {
  if (values.keep === undefined) fs.rmSync(home, { recursive: true, force: true });
}
