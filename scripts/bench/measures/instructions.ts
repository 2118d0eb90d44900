import path from 'node:path';
import { againstPeer, type Compared } from '../against-peer.ts';
import { type Batch, targetsOf, writeBatches } from '../batches.ts';
import type { Part } from '../context.ts';
import { instructionBatches, rowLength } from '../instruction-set.ts';
import type { MeasureSpec } from '../measure.ts';
import { makeModel, vocabulary } from '../model-files.ts';
import { sum } from '../statistics.ts';
import { countedSeconds, takeTurns } from '../turns.ts';
import { variants } from '../variants.ts';

const spec: MeasureSpec = {
  measure: 'target tokens/s on instruction data in fp32, against padded batches of PyTorch + PEFT',
  unit: '×',
  bar: { atLeast: 4 },
};
/** Steps beside those that are counted: packed rows with more or fewer targets may need another graph. */
const warmUps = 3;

/** The same examples in each step on both sides: packed into rows here, padded to the longest of the step there. */
export const instructions: Part = {
  name: 'instructions',
  specs: [spec],
  async measure(context) {
    const { cache, options, say } = context;
    say('Instruction data, packed and padded…');
    const { model, adapter } = makeModel(cache, options.layers);
    const batches = instructionBatches(options.steps + warmUps, vocabulary, 4);
    const file = path.join(cache, 'instructions.json');
    writeBatches(file, batches);
    const task = { model, adapter, batches: file, rounds: options.rounds, variants: [variants.fp32], packing: rowLength };
    const turns = await takeTurns(task, context);
    const cold = turns.coldSteps();
    const details = { leftOutSteps: cold, steps: batches.map(describe) };
    return [againstPeer(spec, turns, variants.fp32, targetsPerSecond(batches, cold), details)];
  },
};

/** Over all steps in which neither side had a warm-up: they have different numbers of targets. */
function targetsPerSecond(batches: readonly Batch[], cold: readonly number[]): Compared {
  const targets = sum(batches.filter((_, step) => !cold.includes(step)).map(targetsOf));
  return { unit: 'tokens/s', of: (run) => targets / sum(countedSeconds(run, cold)) };
}

const describe = (batch: Batch) => ({
  examples: batch.input_ids.length,
  tokens: sum((batch.attention_mask ?? []).flat()),
  paddedTokens: batch.input_ids.flat().length,
  targets: targetsOf(batch),
});
