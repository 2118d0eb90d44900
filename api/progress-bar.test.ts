import { describe, expect, it } from 'vitest';
import { duration, progressBar, progressLine, type RunProgress } from './progress-bar.ts';

const halfway: RunProgress = { name: 'quickstart', step: 94, totalSteps: 200, loss: 0.81234, tokensPerSecond: 1234.4, secondsLeft: 72 };

describe('progress', () => {
  it('shows step, loss, speed and time left on a terminal', () => {
    expect(progressBar(halfway, 200)).toBe(
      'quickstart  ███████████░░░░░░░░░░░░░  step 94/200 (47%)  loss 0.8123  1,234 tokens/s  1m 12s left',
    );
  });

  it('never wraps a narrow terminal', () => {
    expect(progressBar(halfway, 40)).toHaveLength(39);
  });

  it('is plain text for a file', () => {
    expect(progressLine(halfway)).toBe('quickstart: step 94/200 (47%), loss 0.8123, 1,234 tokens/s, 1m 12s left');
  });

  it('leaves out what is not known yet', () => {
    expect(progressLine({ name: 'a', step: 0, totalSteps: null, loss: null, tokensPerSecond: null, secondsLeft: null })).toBe(
      'a: getting ready',
    );
  });

  it('says durations as people do', () => {
    expect([0, 42, 72, 3600, 11_100].map(duration)).toEqual(['0s', '42s', '1m 12s', '1h 00m', '3h 05m']);
  });
});
