/** One chart of the page: what it draws and how it is called. */
export interface ChartPlan {
  key: string;
  title: string;
  unit: string;
  /** CSS variable of the line's colour. */
  color: string;
  /** Noisy enough that a moving average helps. */
  noisy: boolean;
  /** Drawn on a logarithmic scale when that is asked for. */
  logarithmic: boolean;
  /** A metric measured at fewer steps, drawn over the first. */
  overlay?: { key: string; title: string; color: string };
}

export const lossChart: ChartPlan = {
  key: 'loss',
  title: 'Loss',
  unit: 'nats per token',
  color: '--chart-loss',
  noisy: true,
  logarithmic: true,
  overlay: { key: 'evaluationLoss', title: 'Evaluation', color: '--chart-evaluation' },
};

export const smallCharts: readonly ChartPlan[] = [
  { key: 'learningRate', title: 'Learning rate', unit: '', color: '--chart-rate', noisy: false, logarithmic: true },
  { key: 'gradientNorm', title: 'Gradient norm', unit: 'before clipping', color: '--chart-gradient', noisy: true, logarithmic: true },
  { key: 'tokensPerSecond', title: 'Speed', unit: 'tokens/s', color: '--chart-speed', noisy: true, logarithmic: false },
];

/** Every metric that the page reads and follows. */
export const followedKeys: readonly string[] = [lossChart, ...smallCharts].flatMap(({ key, overlay }) =>
  overlay ? [key, overlay.key] : [key],
);
