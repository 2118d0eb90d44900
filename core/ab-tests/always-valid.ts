/*
 * Statistics that may be looked at as often as one likes, and acted upon at any time.
 *
 * The usual 95 % interval is right once, at a sample size that was fixed before; whoever looks after every execution and stops at the
 * first "significant" one is wrong far more often than in 5 % of the cases. Here, intervals hold for all sample sizes at once: the
 * chance that the true value is ever outside is at most alpha.
 *
 * Both functions use the mixture of a normal likelihood ratio over normally distributed effects (Robbins 1970), as a test of the
 * difference (mixture SPRT: Johari, Koomen, Pekelis, Walsh, "Always valid inference: continuous monitoring of A/B tests", Operations
 * Research 70, 2022) and as an interval (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and
 * asymptotic confidence sequences", Annals of Statistics 52, 2024, theorem 2.2). With an estimate e of variance v after n independent
 * observations, and r = n * precision:
 *
 *   likelihood ratio against "the true value is h":  L = (1 + r)^(-1/2) * exp( (e - h)^2 / v * r / (2 (1 + r)) )
 *   always-valid p-value:                            p = min(1, 1 / L)
 *   confidence sequence:                             e +- sqrt( v * (1 + r) / r * (2 ln(1 / alpha) + ln(1 + r)) )
 *
 * The interval holds the values h whose p-value is above alpha. Variances are estimated, so all of it is asymptotic: nothing is said
 * before there are `fewestSubjects` in each group.
 */

/**
 * How the mixture weighs small against large effects: intervals are as narrow as they can be around this many observations and only
 * little wider long before and after (equation 9 of Waudby-Smith et al. gives the precision for a number of observations).
 */
const tunedFor = 1000;

/** In each group, before anything is said. */
export const fewestSubjects = 30;

/** An estimate, the variance of that estimate, and the number of independent observations that it comes from. */
export interface Estimate {
  value: number;
  variance: number;
  observations: number;
}

/** 1 / observations; see above. @param alpha between 0 and 1 */
const precisionFor = (alpha: number): number => (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / tunedFor;

/** Half the width of the interval around an estimate that holds at all times at once. @param alpha chance that it ever fails */
export function halfWidth({ variance, observations }: Estimate, alpha: number): number {
  const r = observations * precisionFor(alpha);
  return Math.sqrt(variance * ((1 + r) / r) * (-2 * Math.log(alpha) + Math.log1p(r)));
}

/**
 * Always-valid p-value of "the true value is 0".
 * @param alpha that the test is run at: it decides where the mixture is most powerful
 * @returns above 0, at most 1
 */
export function pValue({ value, variance, observations }: Estimate, alpha: number): number {
  if (value === 0) return 1;
  const r = observations * precisionFor(alpha);
  const logRatio = (value ** 2 / variance) * (r / (2 * (1 + r))) - Math.log1p(r) / 2;
  return Math.max(Number.MIN_VALUE, Math.min(1, Math.exp(-logRatio)));
}

/** The difference of two independent estimates. */
export const difference = (of: Estimate, from: Estimate): Estimate => ({
  value: of.value - from.value,
  variance: of.variance + from.variance,
  observations: of.observations + from.observations,
});
