/** One chart of the page: what it draws and how it is called. */
export interface ChartPlan {
  key: string;
  title: string;
  unit: string;
  /** CSS variable of the line's colour. */
  color: string;
  /** A metric measured at fewer steps, drawn over the first. */
  overlay?: { key: string; title: string; color: string };
}

export const lossChart: ChartPlan = {
  key: 'loss',
  title: 'Loss',
  unit: 'nats per token',
  color: '--chart-loss',
  overlay: { key: 'evaluationLoss', title: 'Evaluation', color: '--chart-evaluation' },
};

export const smallCharts: readonly ChartPlan[] = [
  { key: 'learningRate', title: 'Learning rate', unit: '', color: '--chart-rate' },
  { key: 'gradientNorm', title: 'Gradient norm', unit: 'before clipping', color: '--chart-gradient' },
  { key: 'tokensPerSecond', title: 'Speed', unit: 'tokens/s', color: '--chart-speed' },
];

/** Every metric that the page reads and follows. */
export const followedKeys: readonly string[] = [lossChart, ...smallCharts].flatMap(({ key, overlay }) =>
  overlay ? [key, overlay.key] : [key],
);
