import { againstPeer, type Compared } from '../against-peer.ts';
import type { Part } from '../context.ts';
import type { MeasureSpec } from '../measure.ts';
import { median } from '../statistics.ts';
import { countedSeconds } from '../turns.ts';
import { variants } from '../variants.ts';

const spec: MeasureSpec = { measure: 'tokens/s in fp32, against PyTorch + PEFT', unit: '×', bar: { atLeast: 1.8 } };

/** Of the median step without a warm-up. */
export const tokensPerSecond = (tokensPerStep: number): Compared => ({
  unit: 'tokens/s',
  of: (run) => tokensPerStep / median(countedSeconds(run)),
});

/** Training steps of LoRA (rank 8 on all linears) from the same weights on the same random batches, every position a target. */
export const speed: Part = {
  name: 'speed',
  specs: [spec],
  variants: [variants.fp32],
  async measure({ shared }) {
    const { work, turns } = await shared();
    const [run] = turns.ours(variants.fp32);
    const details = { stepLosses: run?.losses, gradientNorms: run?.gradientNorms };
    return [againstPeer(spec, turns, variants.fp32, tokensPerSecond(work.tokensPerStep), details)];
  },
};
