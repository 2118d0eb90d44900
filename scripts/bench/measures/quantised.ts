import { againstPeer } from '../against-peer.ts';
import type { Part } from '../context.ts';
import { learn, type Learned } from '../learning-task.ts';
import { type Finding, measured, type MeasureSpec, notMeasured } from '../measure.ts';
import { type Variant, variants } from '../variants.ts';
import { tokensPerSecond } from './speed.ts';

const quantised: readonly Variant[] = [variants.int8, variants.nf4];
const speedOf = ({ name }: Variant): MeasureSpec => ({
  measure: `tokens/s with an ${name} base, against PyTorch + PEFT`,
  unit: '×',
  bar: { atLeast: 3 },
});
const lossOf = ({ name }: Variant): MeasureSpec => ({
  measure: `final loss with an ${name} base, relative difference to fp32`,
  unit: '',
  bar: { atMost: 0.01 },
});

/** The work that the speed is measured with on a smaller base, and what is learned with it. PyTorch + PEFT stays in fp32. */
export const quantisedBases: Part = {
  name: 'quantised',
  specs: quantised.flatMap((variant) => [speedOf(variant), lossOf(variant)]),
  variants: quantised,
  async measure({ shared, options, say }) {
    const { work, turns } = await shared();
    say(`Learning ${options['quantised-steps']} steps with each base…`);
    const reference = await learn(variants.fp32, options);
    const findings: Finding[] = [];
    for (const variant of quantised) {
      findings.push(againstPeer(speedOf(variant), turns, variant, tokensPerSecond(work.tokensPerStep)));
      try {
        findings.push(compareLosses(variant, reference, await learn(variant, options)));
      } catch (error) {
        findings.push(notMeasured(lossOf(variant), error));
      }
    }
    return findings;
  },
};

const compareLosses = (variant: Variant, reference: Learned, learned: Learned): Finding =>
  measured(lossOf(variant), Math.abs(learned.after / reference.after - 1), { details: { fp32: reference, [variant.name]: learned } });
