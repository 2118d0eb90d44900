import type { Part } from '../context.ts';
import { type Figures, measured, type MeasureSpec } from '../measure.ts';
import { median } from '../statistics.ts';
import { countedSeconds } from '../turns.ts';
import { variants } from '../variants.ts';

const spec: MeasureSpec = {
  measure: "matrix products of the fp32 step, against ONNX Runtime's own rate",
  unit: '×',
  bar: { atLeast: 0.85 },
};

/**
 * Floating point operations in the matrix products of a step by its seconds, against the rate at which ONNX Runtime computes the large
 * ones of them alone, in the same process.
 */
export const rate: Part = {
  name: 'rate',
  specs: [spec],
  variants: [variants.fp32],
  async measure({ shared }) {
    const { turns } = await shared();
    const rounds = turns.ours(variants.fp32).flatMap((run) => {
      if (!run.products) return [];
      const step = run.products.operations / median(countedSeconds(run));
      return [{ share: step / run.products.rate, step, products: run.products }];
    });
    const shares = rounds.map(({ share }) => share);
    const [first] = rounds;
    const figures: Figures = {
      unit: 'FLOP/s',
      ours: median(rounds.map(({ step }) => step)),
      other: median(rounds.map(({ products }) => products.rate)),
    };
    return [measured(spec, median(shares), { figures, details: { rounds: shares, ...first?.products } })];
  },
};
