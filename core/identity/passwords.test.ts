import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword } from './passwords.ts';

describe('passwords', () => {
  it('are hashed with argon2id, a salt each', async () => {
    const [one, other] = [await hashPassword('the same words'), await hashPassword('the same words')];
    expect(one).not.toBe(other);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await isPassword('the same words', one)).toBe(true);
    expect(await isPassword('The same words', one)).toBe(false);
  });

  it("are nobody's where there is no account", async () => {
    expect(await isPassword('anything', null)).toBe(false);
  });
});
