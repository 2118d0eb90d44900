import { describe, expect, it } from 'vitest';
import type { MetricsEvent, StartedEvent, TrainingEvent } from '../training/events.ts';
import { Progress } from './progress.ts';

const started: StartedEvent = {
  type: 'started',
  step: 0,
  totalSteps: 20,
  device: 'cpu',
  threads: 2,
  parameters: 24_448,
  trainableParameters: 1856,
  trainExamples: 36,
  validationExamples: 4,
};
const step = (number: number): MetricsEvent => ({
  type: 'metrics',
  step: number,
  epoch: 0,
  tokens: 0,
  values: { loss: 2.5, gradientNorm: 0.5, learningRate: 1e-3, tokensPerSecond: 1234.5 },
});

/** What is written for these events when a step takes so many seconds. */
function shown(events: readonly TrainingEvent[], { seconds = 1, ...screen }: { seconds?: number; isTTY?: boolean; columns?: number } = {}) {
  let [text, now] = ['', 0];
  const progress = new Progress({ ...screen, write: (part) => (text += part) }, () => now);
  for (const event of events) {
    if (event.type === 'metrics') now += seconds;
    progress.tell(event);
  }
  progress.end();
  return text;
}

describe('Progress', () => {
  it('writes one line after the other where there is no terminal', () => {
    const events: TrainingEvent[] = [
      started,
      { type: 'metrics', step: 0, epoch: 0, tokens: 0, values: { evaluationLoss: 3 } },
      step(1),
      step(2),
      { type: 'log', step: 2, level: 'warn', message: '2 rows were cut.' },
      { type: 'checkpoint', step: 2, path: 'checkpoints/step-00000002', bytes: 10, loss: 2 },
      step(20),
    ];
    expect(shown(events, { seconds: 90 })).toBe(
      [
        'Training 20 steps on the CPU with 2 threads: 1,856 of 24,448 parameters.',
        'Evaluation loss 3.0000 before training.',
        'step  1/20  loss 2.5000  gradient norm 0.500  rate 1.0e-3  1,235 tokens/s',
        'step  2/20  loss 2.5000  gradient norm 0.500  rate 1.0e-3  1,235 tokens/s  27 min left',
        'Warning: 2 rows were cut.',
        'Checkpoint checkpoints/step-00000002',
        'step 20/20  loss 2.5000  gradient norm 0.500  rate 1.0e-3  1,235 tokens/s',
        '',
      ].join('\n'),
    );
  });

  it('keeps a bar in the last line of a terminal, no longer than the line, and logs above it', () => {
    const log: TrainingEvent = { type: 'log', step: 10, level: 'info', message: 'Evaluation loss 2.1 after step 10.' };
    const lines = shown([{ ...started, step: 9 }, step(10), log, step(11)], { isTTY: true, columns: 50 }).split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^Going on behind step 9 of 20 /),
      '\r\x1b[2K██████████░░░░░░░░░░ 10/20  loss 2.5000  1,235 to\r\x1b[2KEvaluation loss 2.1 after step 10.',
      '\r\x1b[2K███████████░░░░░░░░░ 11/20  loss 2.5000  1,235 to\r\x1b[2K',
    ]);
  });

  it('counts the steps that a roll-back adds', () => {
    const rollback: TrainingEvent = { type: 'rollback', step: 3, toStep: 1, rateFactor: 0.5, totalSteps: 22, reason: 'The loss exploded.' };
    expect(shown([started, step(3), rollback, step(4)])).toContain('step  4/22');
  });
});
