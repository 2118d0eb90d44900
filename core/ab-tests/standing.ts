import type { AbMetric, AbTest, AbVariant, PrismaClient } from '@anneal/prisma';
import { difference, type Estimate, fewestSubjects, halfWidth, pValue } from './always-valid.ts';
import { estimateOf, executionsOf, noSums, type Sums, sumsOf } from './measures.ts';

/** A range that holds the true value at all times at once, up to the alpha of the test. */
export interface Range {
  low: number;
  high: number;
}

export interface VariantStanding {
  variantId: string;
  /** All that were asked, whatever became of them. */
  executions: number;
  /** Different subjects with at least one value, and how many values they have. */
  subjects: number;
  values: number;
  /** Null: there is no value yet. */
  mean: number | null;
  /** Null: there are too few subjects yet. */
  interval: Range | null;
  /** Null for the first variant, and as long as there are too few subjects in this one or in the first. */
  difference: VariantDifference | null;
}

/** How a variant compares with the first one. */
export interface VariantDifference extends Range {
  /** Its mean less that of the first variant. */
  value: number;
  /** Always valid, and corrected for the number of variants. */
  pValue: number;
  isSignificant: boolean;
  /** Whether its mean is the better one: higher for success and rating, lower for time and cost. */
  isBetter: boolean;
}

export interface Standing {
  variants: VariantStanding[];
  isSignificant: boolean;
  /**
   * The variant to choose: the best of those that are significantly better than the first; the first, when all others are significantly
   * worse. Null: it cannot be told yet.
   */
  leaderId: string | null;
  /** How it is judged, for people. */
  method: string;
}

const isHigherBetter: Readonly<Record<AbMetric, boolean>> = { SUCCESS: true, RATING: true, LATENCY: false, COST: false };

/** How a test stands now. It may be asked at any time, and acted upon. */
export async function standingOf(prisma: PrismaClient, test: AbTest, variants: readonly AbVariant[]): Promise<Standing> {
  const [sums, executions] = [await sumsOf(prisma, test.id, test.metric), await executionsOf(prisma, test.id)];
  const measured = variants.map(({ id }) => ({ id, executions: executions.get(id) ?? 0, sums: sums.get(id) ?? noSums }));
  return { ...judge(test, measured), method: methodOf(test.metric, test.alpha, measured.length - 1) };
}

interface Measured {
  id: string;
  executions: number;
  sums: Sums;
}

/**
 * What sums say about variants. All comparisons are with the first one; as there are several, each is made at alpha divided by their
 * number (Bonferroni), so that the chance of any false alarm in the whole test is at most alpha.
 */
export function judge({ metric, alpha }: Pick<AbTest, 'metric' | 'alpha'>, measured: readonly Measured[]): Omit<Standing, 'method'> {
  const comparisons = Math.max(1, measured.length - 1);
  const share = alpha / comparisons;
  const estimates = measured.map(({ sums }) => (sums.values > 0 ? estimateOf(sums, smallestVariance(metric, sums)) : null));
  const compared = (estimate: Estimate | null): VariantDifference | null => {
    const [first] = estimates;
    if (!first || !estimate || first.observations < fewestSubjects || estimate.observations < fewestSubjects) return null;
    const between = difference(estimate, first);
    const width = halfWidth(between, share);
    const p = Math.min(1, comparisons * pValue(between, share));
    const { value } = between;
    const isBetter = isHigherBetter[metric] ? value > 0 : value < 0;
    return { value, low: value - width, high: value + width, pValue: p, isSignificant: p <= alpha, isBetter };
  };
  const variants = measured.map(({ id, executions, sums }, index): VariantStanding => {
    const estimate = estimates[index] ?? null;
    return {
      ...{ variantId: id, executions, subjects: sums.subjects, values: sums.values },
      mean: estimate?.value ?? null,
      interval: estimate && estimate.observations >= fewestSubjects ? around(estimate, alpha) : null,
      difference: index === 0 ? null : compared(estimate),
    };
  });
  const isSignificant = variants.some((variant) => variant.difference?.isSignificant);
  return { variants, isSignificant, leaderId: leaderOf(metric, variants) };
}

const around = (estimate: Estimate, alpha: number): Range => {
  const width = halfWidth(estimate, alpha);
  return { low: estimate.value - width, high: estimate.value + width };
};

function leaderOf(metric: AbMetric, variants: readonly VariantStanding[]): string | null {
  const significant = variants.filter((variant) => variant.difference?.isSignificant);
  const better = significant.filter((variant) => variant.difference?.isBetter);
  const direction = isHigherBetter[metric] ? -1 : 1;
  const [best] = better.sort((a, b) => direction * ((a.difference?.value ?? 0) - (b.difference?.value ?? 0)));
  if (best) return best.variantId;
  return significant.length === variants.length - 1 ? (variants[0]?.variantId ?? null) : null;
}

/**
 * Values that have all been alike say little about those to come: the variance of a value is not believed to be below that of the same
 * values with one more success and one more failure, or with one more rating that is a point off.
 */
function smallestVariance(metric: AbMetric, { subjects, values, sum }: Sums): number {
  if (metric === 'RATING') return 1 / (subjects + 1);
  if (metric !== 'SUCCESS') return 0;
  const rate = ((sum / values) * subjects + 1) / (subjects + 2);
  return rate * (1 - rate);
}

const judgedBy: Readonly<Record<AbMetric, string>> = {
  SUCCESS:
    'the share of executions that succeeded, of those that succeeded or failed; cancelled ones do not count; answers from the cache do',
  RATING: 'the mean rating (1 to 5) that people gave',
  LATENCY:
    'the mean time of executions that succeeded, in milliseconds from their start to their end; answers from the output cache do not count',
  COST: 'the mean cost of executions whose cost is known, in USD; answers from the output cache do not count',
};

function methodOf(metric: AbMetric, alpha: number, comparisons: number): string {
  const percent = `${Number((alpha * 100).toPrecision(3))} %`;
  const several = comparisons === 1 ? '' : ` The ${comparisons} comparisons share this chance equally (Bonferroni).`;
  return [
    `Judged by ${judgedBy[metric]}.`,
    'Each variant is compared with the first one by a sequential test (normal mixture, mSPRT) with always-valid p-values and confidence sequences: you may look as often as you like and stop whenever you like,',
    `and the chance of calling variants different that are not is still at most ${percent}.${several}`,
    'Several executions of one subject count together, with the variance of the delta method.',
    `Nothing is said before ${fewestSubjects} subjects have values in both variants.`,
  ].join(' ');
}
