import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { addMember, apiKey, logIn, password, type Person, projectsOf, register, type Result } from './people.ts';
import { openStudio, type TestStudio, type TestStudioOptions } from './test-studio.ts';

let studio: TestStudio | undefined;
afterEach(async () => {
  await studio?.close();
  studio = undefined;
});

async function withAda(limits: TestStudioOptions['limits'] = {}): Promise<{ studio: TestStudio; ada: Person }> {
  studio = await openStudio({ environment: { ACCOUNTS: 'required', SETUP_CODE: 'the very first' }, limits });
  return { studio, ada: await register(studio, 'ada', 'the very first') };
}

const revoking = (by: Person, apiKeyId: string) =>
  by.send('mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }', { input: { apiKeyId } });

/** A socket that follows the runs, with what it was closed with once it is. */
async function following(
  opened: TestStudio,
  headers: Partial<Person['headers']>,
): Promise<{ closed: Promise<[code: number, reason: string]> }> {
  const socket = new WebSocket(`${opened.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const closed = new Promise<[number, string]>((resolve) => socket.once('close', (code, reason) => resolve([code, reason.toString()])));
  await once(socket, 'open');
  const answered = new Promise<void>((resolve) => socket.once('message', () => resolve()));
  socket.send(JSON.stringify({ type: 'connection_init', payload: headers }));
  await Promise.race([answered, closed]);
  socket.send(JSON.stringify({ id: 'a', type: 'subscribe', payload: { query: 'subscription { runs { id } }' } }));
  return { closed };
}

/** An event stream of the runs, and its end: whether it was cut, without a last word. */
async function streaming(opened: TestStudio, headers: Person['headers']): Promise<{ end: Promise<string> }> {
  const query = encodeURIComponent('subscription { runs { id } }');
  const response = await fetch(`${opened.url}/graphql?query=${query}`, { headers: { accept: 'text/event-stream', ...headers } });
  const read = async () => {
    let text = '';
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
      return text.includes('event: complete') ? 'completed' : 'ended';
    } catch {
      return 'cut';
    }
  };
  return { end: read() };
}

describe('an API key', () => {
  it('is shown once, stored as a hash, and begins such that people know it', async () => {
    const { studio, ada } = await withAda();
    const key = await apiKey(studio, ada, { name: 'nightly', scopes: ['READ'] });
    const secret = key.headers.authorization.slice('Bearer '.length);
    expect(secret).toMatch(/^anneal_[A-Za-z0-9_-]{43}$/);
    const { data } = await ada.send(
      '{ viewer { apiKeys { edges { node { name prefix scopes expiresAt lastUsedAt revokedAt project { id } } } } } }',
    );
    expect(data).toEqual({
      viewer: {
        apiKeys: {
          edges: [
            {
              node: {
                name: 'nightly',
                prefix: secret.slice(0, 11),
                scopes: ['READ'],
                expiresAt: null,
                lastUsedAt: null,
                revokedAt: null,
                project: null,
              },
            },
          ],
        },
      },
    });
    const stored = JSON.stringify([await studio.studio.prisma.apiKey.findMany(), await studio.studio.prisma.auditEntry.findMany()]);
    expect(stored).not.toContain(secret);
  });

  it('names each field that is wrong', async () => {
    const { ada } = await withAda();
    const { data } = await ada.send<{ createApiKey: Result<unknown> }>(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename ... on InvalidInput { issues { path } } } }',
      { input: { name: ' ', scopes: [], expiresAt: '2020-01-01T00:00:00Z' } },
    );
    expect(data.createApiKey).toEqual({
      __typename: 'InvalidInput',
      issues: [{ path: 'name' }, { path: 'scopes' }, { path: 'expiresAt' }],
    });
  });

  it('does what its scopes say, in the project that it is for, and learns nothing else', async () => {
    const { studio, ada } = await withAda();
    const [project = ''] = await projectsOf(ada);
    const write = await apiKey(studio, ada, { scopes: ['WRITE'], projectId: project });
    const create = (selection: string) =>
      write.send(
        `mutation ($name: String!) { createExperiment(input: { name: $name }) { __typename ... on CreateExperimentSuccess { data { ${selection} } } } }`,
        {
          name: `by ${selection}`,
        },
      );
    expect((await create('name')).data).toEqual({ createExperiment: { __typename: 'CreateExperimentSuccess', data: { name: 'by name' } } });
    for (const selection of [
      'runs { totalCount }',
      '...on Experiment { runs { totalCount } }',
      '... on Node { ... on Experiment { runs { totalCount } } }',
    ]) {
      expect(await create(selection)).toMatchObject({
        errors: [{ message: expect.stringContaining('lacks the scope "read"'), extensions: { code: 'FORBIDDEN' } }],
      });
    }
    expect(await studio.studio.prisma.experiment.count()).toBe(1);
    const { data } = await ada.send<{ createProject: { data: { id: string } } }>(
      'mutation { createProject(input: { name: "second" }) { ... on CreateProjectSuccess { data { id name role members { totalCount } } } } }',
    );
    expect(data.createProject.data).toMatchObject({ name: 'second', role: 'OWNER', members: { totalCount: 1 } });
    const elsewhere = await write.send('mutation ($id: ID!) { createExperiment(input: { name: "x", projectId: $id }) { __typename } }', {
      id: data.createProject.data.id,
    });
    expect(elsewhere.data).toEqual({ createExperiment: { __typename: 'NotFound' } });
  });

  it('does no more than its user, whatever its scopes say', async () => {
    const { studio, ada } = await withAda();
    const bob = await register(studio, 'bob');
    const [project = ''] = await projectsOf(ada);
    await addMember(ada, project, 'bob', 'VIEWER');
    const key = await apiKey(studio, bob, { scopes: ['READ', 'WRITE'], projectId: project });
    const create = 'mutation ($id: ID!) { createExperiment(input: { name: "x", projectId: $id }) { __typename } }';
    expect((await key.send(create, { id: project })).data).toEqual({ createExperiment: { __typename: 'Forbidden' } });
    await ada.send('mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { __typename } }', {
      input: { projectId: project, userId: bob.id },
    });
    expect((await key.send('{ projects { totalCount } }')).status).toBe(401);
  });

  it('stops working when it expires, or is revoked', async () => {
    const { studio, ada } = await withAda();
    const short = await apiKey(studio, ada, { scopes: ['READ'], expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect((await short.send('{ viewer { scopes } }')).data).toEqual({ viewer: { scopes: ['READ'] } });
    await studio.studio.prisma.apiKey.updateMany({ data: { expiresAt: new Date(Date.now() - 1000) } });
    expect(await short.send('{ viewer { scopes } }')).toMatchObject({
      status: 401,
      errors: [{ message: expect.stringContaining('has expired') }],
    });
    const revoked = await apiKey(studio, ada, { scopes: ['READ'] });
    await revoking(ada, revoked.keyId);
    expect(await revoked.send('{ viewer { scopes } }')).toMatchObject({
      status: 401,
      errors: [{ message: expect.stringContaining('was revoked') }],
    });
  });

  it('is counted by day and operation', async () => {
    const { studio, ada } = await withAda();
    const key = await apiKey(studio, ada, { scopes: ['READ'] });
    await key.send('query Both { viewer { scopes } ...Rest } fragment Rest on Query { runs { totalCount } }');
    await key.send('{ runs { totalCount } }');
    await key.send('{ users { totalCount } }');
    await studio.studio.apiKeyUsage.flush();
    const { data } = await ada.send(
      'query ($id: ID!) { node(id: $id) { ... on ApiKey { lastUsedAt usage(days: 1) { day operation count errors milliseconds } } } }',
      { id: key.keyId },
    );
    const day = expect.stringMatching(/^\d{4}-\d\d-\d\d$/);
    expect(data).toEqual({
      node: {
        lastUsedAt: expect.any(String),
        usage: [
          { day, operation: 'runs', count: 2, errors: 0, milliseconds: expect.any(Number) },
          { day, operation: 'users', count: 1, errors: 1, milliseconds: expect.any(Number) },
          { day, operation: 'viewer', count: 1, errors: 0, milliseconds: expect.any(Number) },
        ],
      },
    });
  });
});

describe('what is open for long', () => {
  it('is closed when the key is revoked', async () => {
    const { studio, ada } = await withAda();
    const key = await apiKey(studio, ada, { scopes: ['READ'] });
    const [socket, stream] = [await following(studio, key.headers), await streaming(studio, key.headers)];
    await revoking(ada, key.keyId);
    expect(await socket.closed).toEqual([4403, expect.stringContaining('Access has changed')]);
    expect(await stream.end).toBe('cut');
    expect(await (await following(studio, key.headers)).closed).toEqual([4403, expect.stringContaining('was revoked')]);
  });

  it('is closed when the session ends, and not that of others', async () => {
    const { studio, ada } = await withAda();
    const other = await logIn(studio, 'ada');
    const [mine, stream, theirs] = [
      await following(studio, ada.headers),
      await streaming(studio, ada.headers),
      await following(studio, other.headers),
    ];
    await ada.send('mutation { logOut { __typename } }');
    expect((await mine.closed)[0]).toBe(4403);
    expect(await stream.end).toBe('cut');
    await other.send('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
      input: { currentPassword: password, newPassword: 'another long enough' },
    });
    const last = await logInWith(studio, 'another long enough');
    await last.send('mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { __typename } }', {
      input: { currentPassword: 'another long enough', newPassword: password },
    });
    expect((await theirs.closed)[0]).toBe(4403);
  });

  it('is closed when a role changes', async () => {
    const { studio, ada } = await withAda();
    const bob = await register(studio, 'bob');
    const [project = ''] = await projectsOf(ada);
    await addMember(ada, project, 'bob', 'EDITOR');
    const socket = await following(studio, bob.headers);
    await ada.send('mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { __typename } }', {
      input: { projectId: project, userId: bob.id, role: 'VIEWER' },
    });
    expect((await socket.closed)[0]).toBe(4403);
  });

  it('is not opened with a bad credential', async () => {
    const { studio } = await withAda();
    expect(await (await following(studio, { authorization: 'Bearer nonsense' })).closed).toEqual([
      4403,
      expect.stringContaining('neither'),
    ]);
  });
});

describe('whoever asks too often', () => {
  it('is told how much is left, and when to come back', async () => {
    const { studio, ada } = await withAda({ requestsPerKey: { burst: 2, perMinute: 1 } });
    const key = await apiKey(studio, ada, { scopes: ['READ'] });
    const first = await key.send('{ viewer { scopes } }');
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset': '60',
    });
    await key.send('{ viewer { scopes } }');
    const third = await key.send('{ viewer { scopes } }');
    expect(third).toMatchObject({
      status: 429,
      errors: [{ message: expect.stringContaining('with this API key'), extensions: { code: 'RATE_LIMITED' } }],
    });
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(50);
    // Other keys and the user go on.
    const other = await apiKey(studio, ada, { scopes: ['READ'] });
    expect((await other.send('{ viewer { scopes } }')).status).toBe(200);
  });

  it('cannot guess passwords, not with many in one document either', async () => {
    const { studio } = await withAda({ attemptsPerAddress: { burst: 5, perMinute: 1 } });
    const guesses = Array.from(
      { length: 10 },
      (_, index) => `g${index}: logIn(input: { email: "ada@lab.example", password: "guess ${index}" }) { __typename }`,
    );
    const answer = await studio.send(`mutation { ${guesses.join(' ')} }`);
    // One of the five was the registration.
    expect(answer).toMatchObject({ status: 429, errors: [{ path: ['g4'], extensions: { code: 'RATE_LIMITED' } }] });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await studio.studio.prisma.auditEntry.count({ where: { action: 'logInFailed' } })).toBe(4);
  });

  it('cannot try credentials without end', async () => {
    const { studio } = await withAda({ requestsPerStranger: { burst: 3, perMinute: 1 } });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++) {
      statuses.push((await studio.send('{ __typename }', {}, { authorization: `Bearer anneal_${'x'.repeat(42)}${index}` })).status);
    }
    // One of the three was the registration.
    expect(statuses).toEqual([401, 401, 429, 429]);
  });
});

async function logInWith(opened: TestStudio, secret: string): Promise<Person> {
  const { data } = await opened.send<{ logIn: { data: { accessToken: string } } }>(
    'mutation ($input: LogInInput!) { logIn(input: $input) { ... on LogInSuccess { data { accessToken } } } }',
    { input: { email: 'ada@lab.example', password: secret } },
  );
  const headers = { authorization: `Bearer ${data.logIn.data.accessToken}` };
  return { id: '', refreshToken: '', headers, send: (query, variables) => opened.send(query, variables, headers) };
}
