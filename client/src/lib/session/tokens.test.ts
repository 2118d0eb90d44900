import { describe, expect, it } from 'vitest';
import { TokenKeeper, type Tokens } from './tokens.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

/** Two tabs on one storage, and a studio whose refresh tokens work once. */
function tabs({ minutes }: { minutes: number }) {
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  let time = start;
  let number = 0;
  let good = '';
  const issue = (): Tokens => {
    good = `refresh${++number}`;
    return { accessToken: `access${number}`, accessTokenExpiresAt: new Date(time + minutes * 60_000).toISOString(), refreshToken: good };
  };
  const renew = async (refreshToken: string) => (refreshToken === good ? issue() : null);
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const tab = () => new TokenKeeper({ storage, renew, alone, now: () => time });
  return {
    tabs: [tab(), tab()] as const,
    issue,
    stored,
    wait: (passed: number) => (time += passed * 60_000),
    revoke: () => (good = 'none'),
  };
}

describe('the tokens of a session', () => {
  it('are used until a minute before they expire, and then renewed', async () => {
    const {
      tabs: [tab],
      issue,
      wait,
    } = tabs({ minutes: 15 });
    expect(await tab.authorization()).toBeUndefined();
    tab.keep(issue());
    expect(await tab.authorization()).toBe('Bearer access1');
    wait(13);
    expect(await tab.authorization()).toBe('Bearer access1');
    wait(1.5);
    expect(await tab.authorization()).toBe('Bearer access2');
  });

  it('are renewed once when two tabs need them at the same time', async () => {
    const {
      tabs: [one, other],
      issue,
      wait,
    } = tabs({ minutes: 15 });
    one.keep(issue());
    wait(20);
    expect(await Promise.all([one.authorization(), other.authorization(), one.authorization()])).toEqual(
      Array.from({ length: 3 }, () => 'Bearer access2'),
    );
  });

  it('are forgotten when the session was ended elsewhere, or what is stored is none', async () => {
    const {
      tabs: [tab],
      issue,
      wait,
      revoke,
      stored,
    } = tabs({ minutes: 15 });
    tab.keep(issue());
    revoke();
    wait(20);
    expect(await tab.authorization()).toBeUndefined();
    expect(stored.size).toBe(0);
    stored.set('session', '{"accessToken": 1');
    expect(await tab.authorization()).toBeUndefined();
  });
});
