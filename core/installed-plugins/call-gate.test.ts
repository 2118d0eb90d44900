import { describe, expect, it } from 'vitest';
import { CallGate } from './call-gate.ts';

const { signal } = new AbortController();

describe('the gate of a plugin', () => {
  it('lets so many in at a time; the next one goes when one has left, in the order in which they came', async () => {
    const gate = new CallGate('counter', 2);
    const inside: string[] = [];
    const leaves = await Promise.all([gate.enter(signal), gate.enter(signal)]);
    const third = gate.enter(signal).then((leave) => (inside.push('third'), leave));
    const fourth = gate.enter(signal).then((leave) => (inside.push('fourth'), leave));
    await Promise.resolve();
    expect(inside).toEqual([]);
    leaves[0]();
    // Leaving twice gives no second place.
    leaves[0]();
    const leaveThird = await third;
    await new Promise((resolve) => setImmediate(resolve));
    expect(inside).toEqual(['third']);
    leaveThird();
    await fourth;
    expect(inside).toEqual(['third', 'fourth']);
  });

  it('lets those go that do not want to wait any more, and refuses those that would wait for ever', async () => {
    const gate = new CallGate('counter', 1, 1);
    const leave = await gate.enter(signal);
    const controller = new AbortController();
    const waiting = gate.enter(controller.signal);
    await expect(gate.enter(signal)).rejects.toMatchObject({ code: 'BUSY', retryAfterSeconds: 5 });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(gate.enter(controller.signal)).rejects.toThrow('enough');
    const next = gate.enter(signal);
    leave();
    (await next)();
    (await gate.enter(signal))();
  });
});
