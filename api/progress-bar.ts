/** What the bar shows of a run. */
export interface RunProgress {
  name: string;
  step: number;
  /** Null until the training set has been read. */
  totalSteps: number | null;
  /** Nats per target token, of the last step. */
  loss: number | null;
  tokensPerSecond: number | null;
  secondsLeft: number | null;
}

const barWidth = 24;

/** One line for a terminal: `quickstart  ██████░░░░░░  47%  step 94/200  loss 0.8123  1,234 tokens/s  1m 12s left`, at most `columns` wide. */
export function progressBar(progress: RunProgress, columns: number): string {
  const parts = [progress.name, bar(share(progress)), ...figures(progress)];
  return parts.join('  ').slice(0, Math.max(0, columns - 1));
}

/** The same for a file: `quickstart: step 94/200 (47%), loss 0.8123, 1,234 tokens/s, 1m 12s left`. */
export function progressLine(progress: RunProgress): string {
  return `${progress.name}: ${figures(progress).join(', ')}`;
}

/** Seconds as a person reads them: `42s`, `1m 12s`, `3h 05m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${pad(Math.floor((whole % 3600) / 60))}m`;
}

const pad = (value: number) => String(value).padStart(2, '0');

const share = ({ step, totalSteps }: RunProgress) => (totalSteps ? Math.min(1, step / totalSteps) : 0);

function bar(filledShare: number): string {
  const filled = Math.round(filledShare * barWidth);
  return '█'.repeat(filled) + '░'.repeat(barWidth - filled);
}

function figures(progress: RunProgress): string[] {
  const { step, totalSteps, loss, tokensPerSecond, secondsLeft } = progress;
  const parts = [totalSteps === null ? 'getting ready' : `step ${step}/${totalSteps} (${Math.floor(share(progress) * 100)}%)`];
  if (loss !== null) parts.push(`loss ${loss.toFixed(4)}`);
  if (tokensPerSecond !== null) parts.push(`${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`);
  if (secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
  return parts;
}
