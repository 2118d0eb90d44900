import { againstPeer, type Compared } from '../against-peer.ts';
import type { Part } from '../context.ts';
import type { MeasureSpec } from '../measure.ts';
import { type Variant, variants } from '../variants.ts';

const specOf = ({ name }: Variant): MeasureSpec => ({
  measure: `peak resident memory, ${name}, against PyTorch + PEFT`,
  unit: '×',
  bar: { atMost: 0.6 },
});
const looked: readonly Variant[] = [variants.fp32, variants.checkpointing];
const peak: Compared = { unit: 'bytes', of: ({ peakMemory }) => peakMemory };

/** Highest resident memory of the whole process, on the work that the speed is measured with. */
export const memory: Part = {
  name: 'memory',
  specs: looked.map(specOf),
  variants: looked,
  async measure({ shared }) {
    const { turns } = await shared();
    return looked.map((variant) => againstPeer(specOf(variant), turns, variant, peak));
  },
};
