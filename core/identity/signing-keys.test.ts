import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Unauthenticated, Unavailable } from '../errors.ts';
import { cleanUp, temporaryFolder } from '../testing/studio.ts';
import { AccessTokens } from './access-tokens.ts';
import { SigningKeys } from './signing-keys.ts';

const day = 24 * 60 * 60_000;
let folder: string;
let time: number;
const now = () => time;
beforeEach(() => {
  folder = temporaryFolder();
  time = Date.now();
});
afterEach(() => cleanUp(folder));

const files = () => fs.readdirSync(path.join(folder, 'keys'));
const claims = { userId: 'ada', sessionId: 'one' };

describe('signing keys', () => {
  it('are made at the first start, for the eyes of the owner, and read again at the next', () => {
    const { id } = new SigningKeys(folder, now).current();
    expect(new SigningKeys(folder, now).current().id).toBe(id);
    const [file = ''] = files();
    expect(fs.statSync(path.join(folder, 'keys', file)).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.join(folder, 'keys')).mode & 0o777).toBe(0o700);
  });

  it('are replaced after 30 days; the old one stays for as long as its tokens live', async () => {
    const keys = new SigningKeys(folder, now);
    const tokens = new AccessTokens(keys, now);
    time += 30 * day - 60_000;
    const { token } = await tokens.sign(claims);
    time += 120_000;
    const { token: newer } = await tokens.sign(claims);
    expect(files()).toHaveLength(2);
    expect(await tokens.verify(token)).toEqual(claims);
    expect(await tokens.verify(newer)).toEqual(claims);
    time += day;
    expect(new SigningKeys(folder, now).current().id).toBe(keys.current().id);
    expect(files()).toHaveLength(1);
  });

  it('that another server has made are found', async () => {
    const [one, other] = [new SigningKeys(folder, now), new SigningKeys(folder, now)];
    time += 31 * day;
    const { token } = await new AccessTokens(other, now).sign(claims);
    expect(await new AccessTokens(one, now).verify(token)).toEqual(claims);
  });

  it('of another studio are not accepted', async () => {
    const elsewhere = temporaryFolder();
    const { token } = await new AccessTokens(new SigningKeys(elsewhere, now), now).sign(claims);
    await expect(new AccessTokens(new SigningKeys(folder, now), now).verify(token)).rejects.toThrow(Unauthenticated);
    cleanUp(elsewhere);
  });

  it('say which file cannot be used', () => {
    new SigningKeys(folder, now);
    const [file = ''] = files();
    fs.writeFileSync(path.join(folder, 'keys', file), 'no key');
    expect(() => new SigningKeys(folder, now)).toThrow(Unavailable);
  });
});

describe('an access token', () => {
  it('works for a quarter of an hour', async () => {
    const tokens = new AccessTokens(new SigningKeys(folder, now), now);
    const { token, expiresAt } = await tokens.sign(claims);
    expect(expiresAt.getTime() - time).toBeLessThanOrEqual(15 * 60_000);
    time = expiresAt.getTime() - 1000;
    expect(await tokens.verify(token)).toEqual(claims);
    time = expiresAt.getTime() + 10_000;
    await expect(tokens.verify(token)).rejects.toThrow('has expired');
  });
});
