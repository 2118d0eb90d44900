import { describe, expect, it } from 'vitest';
import { createProgressDisplay } from './progress.ts';
import type { RunProgress } from './progress-bar.ts';

const at = (step: number): RunProgress => ({
  name: 'quickstart',
  step,
  totalSteps: 200,
  loss: 1,
  tokensPerSecond: null,
  secondsLeft: null,
});

function record(isTTY: boolean) {
  const written: string[] = [];
  let time = 0;
  const display = createProgressDisplay({ isTTY, columns: 80, write: (text) => written.push(text) }, () => time);
  return { display, written, wait: (milliseconds: number) => void (time += milliseconds) };
}

describe('the progress display', () => {
  it('draws one line again and again on a terminal, and leaves what it says', () => {
    const { display, written } = record(true);
    display.update(at(1));
    display.update(at(2));
    display.say('done');
    expect(written[0]).toMatch(/^\r\u001b\[2Kquickstart .* step 1\/200/);
    expect(written[1]).toMatch(/^\r\u001b\[2Kquickstart .* step 2\/200/);
    expect(written[2]).toBe('\r\u001b[2Kdone\n');
  });

  it('writes a plain line every two seconds into a file', () => {
    const { display, written, wait } = record(false);
    for (let step = 1; step <= 9; step++) {
      display.update(at(step));
      wait(500);
    }
    display.say('done');
    expect(written).toEqual(
      [1, 5, 9].map((step) => `quickstart: step ${step}/200 (${Math.floor(step / 2)}%), loss 1.0000\n`).concat('done\n'),
    );
  });
});
