/**
 * The names under which a run reports an evaluation: `evaluationLoss`, `evaluationRewardsMargins`, … apart from those of its steps.
 * Only `perplexity` keeps its own: steps have none.
 */
export function evaluationMetrics(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name === 'perplexity' ? name : `evaluation${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  );
}
