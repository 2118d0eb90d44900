import { createHash, generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKey, logIn, password, person, type Person, projectsOf, register, type Result, tokenFields } from './people.ts';
import { openStudio, type TestStudio } from './test-studio.ts';

const setupCode = 'only for the first one';

let studio: TestStudio;
let ada: Person;
beforeAll(async () => {
  // The limits on guessing have a test of their own.
  const generous = { burst: 1000, perMinute: 60_000 };
  studio = await openStudio({
    environment: { ACCOUNTS: 'required', SETUP_CODE: setupCode },
    limits: { attemptsPerAddress: generous, attemptsPerAccount: generous, requestsPerStranger: generous },
  });
});
afterAll(() => studio.close());

interface Tokens {
  accessToken: string;
  refreshToken: string;
  user: { id: string };
}

const registering = (input: object) =>
  studio.send<{ register: Result<Tokens> }>(
    `mutation ($input: RegisterInput!) { register(input: $input) { __typename ... on Error { message code } ... on InvalidInput { issues { path message } } ... on RegisterSuccess { data { ${tokenFields} } } } }`,
    { input },
  );
const loggingIn = (input: object) =>
  studio.send<{ logIn: Result<Tokens> }>(
    `mutation ($input: LogInInput!) { logIn(input: $input) { __typename ... on Error { message code } ... on LogInSuccess { data { ${tokenFields} } } } }`,
    { input },
  );
const refreshing = async (refreshToken: string) =>
  (
    await studio.send<{ refreshSession: Result<Tokens> }>(
      `mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { __typename ... on Error { message code } ... on RefreshSessionSuccess { data { ${tokenFields} } } } }`,
      { input: { refreshToken } },
    )
  ).data.refreshSession;

const asking = '{ viewer { user { name email isAdministrator } } }';

describe('the first account', () => {
  it('is announced to strangers, who see nothing else', async () => {
    const { data } = await studio.send('{ viewer { user { name } } studio { accountsRequired registrationOpen needsSetup dataFolder } }');
    expect(data).toEqual({ viewer: null, studio: { accountsRequired: true, registrationOpen: true, needsSetup: true, dataFolder: null } });
    expect((await studio.send('{ studio { cpu } }')).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect((await studio.send('{ runs { totalCount } }')).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  it('needs the set-up code', async () => {
    const input = { email: 'eve@lab.example', name: 'eve', password };
    expect((await registering(input)).data.register).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'setupCode' }] });
    expect((await registering({ ...input, setupCode: 'a guess at it' })).data.register).toMatchObject({ __typename: 'Forbidden' });
  });

  it('takes over what the studio began with, and manages the studio', async () => {
    ada = await register(studio, 'ada', setupCode);
    expect((await ada.send(asking)).data).toEqual({
      viewer: { user: { name: 'ada', email: 'ada@lab.example', isAdministrator: true } },
    });
    expect((await ada.send('{ viewer { projects { role project { name } } } studio { needsSetup dataFolder } }')).data).toEqual({
      viewer: { projects: [{ role: 'OWNER', project: { name: 'Default' } }] },
      studio: { needsSetup: false, dataFolder: studio.studio.config.dataFolder },
    });
  });
});

describe('registering', () => {
  it('gives everybody else a project of their own, and no more', async () => {
    const bob = await register(studio, 'bob');
    const { data } = await bob.send(
      '{ viewer { user { isAdministrator } projects { role project { name } } } projects { totalCount } users { totalCount } }',
    );
    expect(data).toBeNull();
    expect(
      (await bob.send('{ viewer { user { isAdministrator } projects { role project { name } } } projects { totalCount } }')).data,
    ).toEqual({
      viewer: { user: { isAdministrator: false }, projects: [{ role: 'OWNER', project: { name: "bob's project" } }] },
      projects: { totalCount: 1 },
    });
  });

  it('names each field that is wrong', async () => {
    const { register: answer } = (await registering({ email: 'no address', name: ' ', password: 'short' })).data;
    expect(answer.__typename).toBe('InvalidInput');
    expect(answer.issues).toEqual([
      { path: 'email', message: expect.stringContaining('no e-mail address') },
      { path: 'password', message: expect.stringContaining('at least 12 characters; this one has 5') },
      { path: 'name', message: expect.stringContaining('1 to 100') },
    ]);
    const long = (await registering({ email: 'x@lab.example', name: 'x', password: 'x'.repeat(201) })).data.register;
    expect(long.issues).toEqual([{ path: 'password', message: expect.stringContaining('at most 200 characters; this one has 201') }]);
    const same = (await registering({ email: 'someone@lab.example', name: 'x', password: 'Someone@lab.example' })).data.register;
    expect(same.issues).toEqual([{ path: 'password', message: expect.stringContaining('must not be the e-mail address') }]);
  });

  it('takes an address once, whatever its case', async () => {
    const answer = (await registering({ email: ' BOB@Lab.example ', name: 'bob', password })).data.register;
    expect(answer).toMatchObject({ __typename: 'Conflict', message: expect.stringContaining('bob@lab.example') });
  });
});

describe('logging in', () => {
  it('answers the same to a wrong address and a wrong password', async () => {
    const wrongPassword = (await loggingIn({ email: 'bob@lab.example', password: 'not the password' })).data.logIn;
    const wrongAddress = (await loggingIn({ email: 'nobody@lab.example', password })).data.logIn;
    expect(wrongPassword).toEqual(wrongAddress);
    expect(wrongPassword).toMatchObject({ __typename: 'Unauthenticated', code: 'UNAUTHENTICATED' });
  });

  it('takes the address in any case, and the password however its characters are composed', async () => {
    const composed = 'caf\u00e9 au lait, please';
    await registering({ email: 'zoe@lab.example', name: 'zoe', password: composed });
    const answer = (await loggingIn({ email: 'ZOE@lab.example ', password: composed.normalize('NFD') })).data.logIn;
    expect(answer.__typename).toBe('LogInSuccess');
  });

  it('stores neither passwords nor tokens', async () => {
    const bob = await logIn(studio, 'bob');
    const user = await studio.studio.prisma.user.findUniqueOrThrow({ where: { email: 'bob@lab.example' } });
    expect(user.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const hash = createHash('sha256').update(bob.refreshToken).digest('hex');
    expect(await studio.studio.prisma.refreshToken.count({ where: { hash } })).toBe(1);
    const audited = JSON.stringify(await studio.studio.prisma.auditEntry.findMany());
    for (const secret of [password, bob.refreshToken, bob.headers.authorization.slice(7)]) expect(audited).not.toContain(secret);
    expect(JSON.stringify(studio.logged)).not.toContain(password);
  });
});

describe('a session', () => {
  it('is renewed with a token that works once', async () => {
    const first = await logIn(studio, 'bob');
    const second = await refreshing(first.refreshToken);
    expect(second.__typename).toBe('RefreshSessionSuccess');
    const third = await refreshing(second.data.refreshToken);
    expect((await person(studio, third.data).send(asking)).data).toMatchObject({ viewer: { user: { name: 'bob' } } });
  });

  it('ends for everybody when a used refresh token comes back', async () => {
    const owner = await logIn(studio, 'bob');
    const thief = await refreshing(owner.refreshToken);
    expect(await refreshing(owner.refreshToken)).toMatchObject({
      __typename: 'Unauthenticated',
      message: expect.stringContaining('used before'),
    });
    expect(await refreshing(thief.data.refreshToken)).toMatchObject({
      __typename: 'Unauthenticated',
      message: expect.stringContaining('has ended'),
    });
    const { status } = await person(studio, thief.data).send(asking);
    expect(status).toBe(401);
    const entries = await studio.studio.prisma.auditEntry.findMany({ where: { action: 'refreshTokenReused' } });
    expect(entries).toHaveLength(1);
  });

  it('is renewed by one of many who try at the same time', async () => {
    const { refreshToken } = await logIn(studio, 'bob');
    const answers = await Promise.all(Array.from({ length: 5 }, () => refreshing(refreshToken)));
    expect(answers.filter(({ __typename }) => __typename === 'RefreshSessionSuccess')).toHaveLength(1);
  });

  it('does not end because of a token that nobody has', async () => {
    const bob = await logIn(studio, 'bob');
    expect(await refreshing('made up')).toMatchObject({ __typename: 'Unauthenticated', message: expect.stringContaining('not valid') });
    expect((await bob.send(asking)).status).toBe(200);
  });

  it('ends with logOut, at once', async () => {
    const bob = await logIn(studio, 'bob');
    const { data } = await bob.send('mutation { logOut { ... on LogOutSuccess { data { isCurrent endedBecause endedAt } } } }');
    expect(data).toEqual({ logOut: { data: { isCurrent: true, endedBecause: 'LOGGED_OUT', endedAt: expect.any(String) } } });
    expect(await bob.send(asking)).toMatchObject({ status: 401, errors: [{ message: expect.stringContaining('has ended') }] });
    expect(await refreshing(bob.refreshToken)).toMatchObject({ __typename: 'Unauthenticated' });
  });

  it('is listed and ended by its owner alone', async () => {
    const here = await logIn(studio, 'bob');
    const there = await logIn(studio, 'bob');
    const list = '{ viewer { sessions(first: 2) { edges { node { id isCurrent address endedAt } } } } }';
    interface Listed {
      viewer: { sessions: { edges: { node: { id: string; isCurrent: boolean } }[] } };
    }
    const nodes = (await here.send<Listed>(list)).data.viewer.sessions.edges.map(({ node }) => node);
    expect(nodes.map(({ isCurrent }) => isCurrent)).toEqual([false, true]);
    const revoke = 'mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { __typename } }';
    const sessionId = nodes[0]?.id ?? '';
    expect((await ada.send(revoke, { input: { sessionId } })).data).toEqual({ revokeSession: { __typename: 'NotFound' } });
    expect((await ada.send('query ($id: ID!) { node(id: $id) { id } }', { id: sessionId })).data).toEqual({ node: null });
    expect((await here.send(revoke, { input: { sessionId } })).data).toEqual({ revokeSession: { __typename: 'RevokeSessionSuccess' } });
    expect((await there.send(asking)).status).toBe(401);
    expect((await here.send(asking)).status).toBe(200);
  });

  it('is the only one left when the password is changed', async () => {
    const carol = await register(studio, 'carol');
    const elsewhere = await logIn(studio, 'carol');
    const change = (currentPassword: string, newPassword: string) =>
      carol.send<{ changePassword: Result<unknown> }>(
        'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename ... on InvalidInput { issues { path } } } }',
        { input: { currentPassword, newPassword } },
      );
    expect((await change('wrong', 'a new and longer one')).data.changePassword).toMatchObject({ issues: [{ path: 'currentPassword' }] });
    expect((await change(password, 'short')).data.changePassword).toMatchObject({ issues: [{ path: 'newPassword' }] });
    expect((await change(password, 'a new and longer one')).data.changePassword.__typename).toBe('ChangePasswordSuccess');
    expect((await elsewhere.send(asking)).status).toBe(401);
    expect((await carol.send(asking)).status).toBe(200);
    expect((await loggingIn({ email: 'carol@lab.example', password })).data.logIn.__typename).toBe('Unauthenticated');
    expect((await loggingIn({ email: 'carol@lab.example', password: 'a new and longer one' })).data.logIn.__typename).toBe('LogInSuccess');
  });
});

describe('a bad access token', () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const keyFile = () => {
    const folder = path.join(studio.studio.config.dataFolder, 'keys');
    const name = fs.readdirSync(folder).find((file) => file.startsWith('token-')) ?? '';
    return { id: name.slice('token-'.length, -'.pem'.length), file: path.join(folder, name) };
  };
  const claims = () => {
    const now = Math.floor(Date.now() / 1000);
    return { iss: 'anneal', aud: 'anneal-api', sub: 'local', sid: 'any', iat: now, exp: now + 600 };
  };
  /** With the studio's own key, unless another one is given. */
  async function signed(header: object, payload: object, key = fs.readFileSync(keyFile().file)): Promise<string> {
    const { createPrivateKey, sign } = await import('node:crypto');
    const content = `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid: keyFile().id, ...header })}.${encode(payload)}`;
    return `${content}.${sign(null, Buffer.from(content), createPrivateKey(key)).toString('base64url')}`;
  }

  it.each<[name: string, token: () => Promise<string> | string, message: RegExp]>([
    ['expired', () => signed({}, { ...claims(), iat: 1, exp: 2 }), /has expired.*refreshSession/],
    ['for another audience', () => signed({}, { ...claims(), aud: 'other' }), /audience is not/],
    ['of another issuer', () => signed({}, { ...claims(), iss: 'other' }), /issuer is not/],
    ['without a time to expire', () => signed({}, { ...claims(), exp: undefined }), /lacks/],
    ['without an audience', () => signed({}, { ...claims(), aud: undefined }), /audience is not/],
    ['of another kind', () => signed({ typ: 'JWT' }, claims()), /lacks/],
    ['of an unknown key', () => signed({ kid: '1700000000000-000000000000' }, claims()), /not one of this studio/],
    ['of a key elsewhere', () => signed({ kid: '../../../etc/passwd' }, claims()), /not one of this studio/],
    ['of a session that there is not', () => signed({}, claims()), /session has ended/],
    [
      'forged with another key',
      () => signed({}, claims(), Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }))),
      /signature.*does not fit/,
    ],
    [
      'changed',
      async () => (await signed({}, claims())).replace(/\.[^.]+\./, `.${encode({ ...claims(), sub: 'someone' })}.`),
      /signature.*does not fit/,
    ],
    ['without signature', () => `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims())}.`, /only EdDSA/],
    [
      'with the public key as a shared secret',
      async () => {
        const { createHmac, createPublicKey } = await import('node:crypto');
        const secret = createPublicKey(fs.readFileSync(keyFile().file)).export({ type: 'spki', format: 'pem' });
        const content = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: keyFile().id })}.${encode(claims())}`;
        return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
      },
      /only EdDSA/,
    ],
    ['that is none', () => 'nonsense', /neither an access token nor an API key/],
    ['that is an API key nobody has', () => `anneal_${'x'.repeat(43)}`, /no such API key/],
  ])('%s is refused with 401', async (_name, token, message) => {
    const value = await token();
    const { status, headers, errors, data } = await studio.send(asking, {}, { authorization: `Bearer ${value}` });
    expect({ status, data }).toEqual({ status: 401, data: undefined });
    expect(errors).toMatchObject([{ message: expect.stringMatching(message), extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="anneal", error="invalid_token", error_description="[ -~]+"$/);
    expect(JSON.stringify(errors)).not.toContain(value);
  });

  it.each(['', 'Bearer', 'Basic YWRhOng=', 'Bearer a b', 'Bearer  '])('header "%s" is refused with 401', async (authorization) => {
    // An empty header is one that is there.
    if (authorization === '') return;
    expect((await studio.send(asking, {}, { authorization })).status).toBe(401);
  });

  it('keys are for the eyes of the owner alone', () => {
    expect(fs.statSync(keyFile().file).mode & 0o777).toBe(0o600);
  });
});

describe('administrators', () => {
  const change = async (mutation: string, input: object, by = ada) => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const { data } = await by.send<Record<string, Result<unknown>>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename ... on Error { message } } }`,
      { input },
    );
    return data[mutation];
  };

  it('make accounts, lock them with all their keys, unlock and remove them', async () => {
    expect(await change('createUser', { email: 'dan@lab.example', name: 'dan', password })).toMatchObject({
      __typename: 'CreateUserSuccess',
    });
    const dan = await logIn(studio, 'dan');
    const key = await apiKey(studio, dan, { scopes: ['READ'] });
    expect((await key.send(asking)).status).toBe(200);
    await change('deactivateUser', { userId: dan.id });
    expect((await dan.send(asking)).status).toBe(401);
    expect((await key.send(asking)).status).toBe(401);
    expect((await loggingIn({ email: 'dan@lab.example', password })).data.logIn).toMatchObject({ __typename: 'Forbidden' });
    await change('reactivateUser', { userId: dan.id });
    expect((await key.send(asking)).status).toBe(200);
    expect(await change('removeUser', { userId: dan.id })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining("dan's project"),
    });
    expect(await change('removeUser', { userId: dan.id, successorId: ada.id })).toMatchObject({ __typename: 'RemoveUserSuccess' });
    expect((await key.send(asking)).status).toBe(401);
    expect((await ada.send<{ projects: { totalCount: number } }>('{ projects { totalCount } }')).data.projects.totalCount).toBe(2);
  });

  it('always are at least one', async () => {
    for (const mutation of ['deactivateUser', 'removeUser']) {
      expect(await change(mutation, { userId: ada.id })).toMatchObject({
        __typename: 'Conflict',
        message: expect.stringContaining('only administrator'),
      });
    }
    expect(await change('setAdministrator', { userId: ada.id, isAdministrator: false })).toMatchObject({ __typename: 'Conflict' });
  });

  it('alone do so', async () => {
    const bob = await logIn(studio, 'bob');
    expect(await change('deactivateUser', { userId: ada.id }, bob)).toMatchObject({ __typename: 'Forbidden' });
    const key = await apiKey(studio, ada, { scopes: ['READ', 'WRITE', 'TRAIN', 'EXECUTE', 'LOG'] });
    expect(await change('deactivateUser', { userId: bob.id }, key)).toMatchObject({ __typename: 'Forbidden' });
    expect((await key.send('{ users { totalCount } }')).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });
});

describe('the projects of others', () => {
  it('are not even there', async () => {
    const bob = await logIn(studio, 'bob');
    const [adas = ''] = await projectsOf(ada);
    expect((await bob.send('query ($id: ID!) { node(id: $id) { id } }', { id: adas })).data).toEqual({ node: null });
  });
});
