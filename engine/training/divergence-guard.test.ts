import { expect, it } from 'vitest';
import { addCandidate, confirm, freshGuard, type GuardState, neededSteps, observeLoss, withoutMissing } from './divergence-guard.ts';

/** Feeds losses, numbered on from `from`, until there is an alarm. */
function feed(
  losses: readonly number[],
  before: GuardState = freshGuard,
  from = 1,
  spikeFactor = 3,
): { state: GuardState; alarmAt?: number } {
  let state = before;
  for (const [index, loss] of losses.entries()) {
    const verdict = observeLoss(state, from + index, loss, spikeFactor);
    state = verdict.state;
    if (verdict.alarm !== null) return { state, alarmAt: from + index };
  }
  return { state };
}
const times = (count: number, loss: number) => new Array<number>(count).fill(loss);
const calm = feed(times(50, 2)).state;

it('lets noise, hard batches and slow changes pass', () => {
  const noisy = Array.from({ length: 400 }, (_, index) => 1.5 + 1.4 * Math.sin(index * index));
  expect(feed(noisy).alarmAt).toBeUndefined();
  expect(feed([40, ...times(10, 2)], calm, 51).alarmAt).toBeUndefined();
  expect(feed(times(200, 4), calm, 51).alarmAt).toBeUndefined();
  expect(feed([...times(50, 0.05), ...times(50, 1)]).alarmAt).toBeUndefined();
});

it('sees a loss that exploded and does not come back', () => {
  expect(feed(times(100, 12), calm, 51).alarmAt).toBeLessThan(65);
  expect(feed([2, 2, ...times(20, 12)]).alarmAt).toBe(5);
  expect(feed([...times(50, 0.1), ...times(50, 8)]).alarmAt).toBeGreaterThan(50);
  expect(observeLoss(feed(times(13, 12), calm, 51).state, 64, 12, 3).alarm).toMatch(
    /^The loss exploded at step 64: .* was 2\.00 at its best/,
  );
});

it('can be told not to look', () => {
  expect(feed(times(100, 1e9), calm, 51, 0).alarmAt).toBeUndefined();
});

it('trusts a checkpoint ten good steps later, not before', () => {
  const saved = addCandidate(calm, 50);
  expect(feed(times(9, 2), saved, 51).state).toMatchObject({ good: 0, candidates: [50] });
  expect(feed(times(10, 2), saved, 51).state).toMatchObject({ good: 50, candidates: [] });
});

it('does not trust a checkpoint after which the loss rose', () => {
  const saved = addCandidate(calm, 50);
  const { state, alarmAt } = feed(times(30, 9), saved, 51);
  expect(alarmAt).toBeGreaterThan(60);
  expect(state.good).toBe(0);
});

it('trusts weights that an evaluation found to be the best, and all before', () => {
  const state = confirm(addCandidate(addCandidate(calm, 40), 50), 50);
  expect(state).toMatchObject({ good: 50, candidates: [] });
  expect(addCandidate(state, 50).candidates).toEqual([]);
});

it('needs the checkpoint to go back to, and the next that may become it', () => {
  const state = [20, 30, 40].reduce(addCandidate, confirm(calm, 10));
  expect(neededSteps(state)).toEqual([10, 20]);
  expect(withoutMissing(state, [10, 20, 40]).candidates).toEqual([20, 40]);
});
