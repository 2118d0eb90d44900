import path from 'node:path';
import { lossDifference, lossTolerance } from '../against-peer.ts';
import { randomBatches, writeBatches } from '../batches.ts';
import type { Part } from '../context.ts';
import { measured, type MeasureSpec } from '../measure.ts';
import { makeModel, vocabulary } from '../model-files.ts';
import { takeTurns } from '../turns.ts';
import { variants } from '../variants.ts';

const spec: MeasureSpec = {
  measure: 'loss of every step, largest relative difference to PyTorch + PEFT',
  unit: '',
  bar: { atMost: lossTolerance },
  isCorrectness: true,
};
const [layers, batch, length] = [4, 2, 64];
/** They come again and again, so that there is something to learn. */
const distinctBatches = 5;
const learningRate = 1e-3;

/** Many steps of AdamW on a small model of the same kind, from the same weights on the same batches. */
export const losses: Part = {
  name: 'losses',
  specs: [spec],
  async measure(context) {
    const { cache, options, say } = context;
    const steps = options['loss-steps'];
    say(`${steps} steps of both sides on a small model…`);
    const distinct = randomBatches({ steps: distinctBatches, batch, length, vocabulary }, 5);
    const batches = path.join(cache, 'losses.json');
    writeBatches(batches, Array.from({ length: steps }, (_, step) => distinct[step % distinctBatches] ?? []).flat());
    const { model, adapter } = makeModel(cache, layers);
    const turns = await takeTurns({ model, adapter, batches, learningRate, rounds: 1, variants: [variants.fp32] }, context);
    const [ours, peer] = [turns.ours(variants.fp32), turns.peer()];
    const details = { layers, batch, length, steps, learningRate, ours: ours[0]?.losses, peer: peer[0]?.losses };
    return [measured(spec, lossDifference(ours, peer), { details })];
  },
};
