import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, apiKey, type Person, projectsOf, register } from './people.ts';
import { type Connection, openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
let ada: Person;
let bob: Person;
let project: string;
beforeAll(async () => {
  studio = await openStudio({ environment: { ACCOUNTS: 'required', SETUP_CODE: 'the very first' } });
  ada = await register(studio, 'ada', 'the very first');
  bob = await register(studio, 'bob');
  const [first = ''] = await projectsOf(bob);
  project = first;
});
afterAll(() => studio.close());

interface Entry {
  action: string;
  user: { name: string } | null;
  apiKeyId: string | null;
  projectId: string | null;
  subjectType: string;
  subjectId: string | null;
  details: unknown;
  address: string;
}

async function entries(by: Person, filter: object = {}): Promise<Entry[]> {
  const { data } = await by.send<{ auditEntries: Connection<Entry> }>(
    'query ($filter: AuditFilter) { auditEntries(filter: $filter, first: 100) { totalCount edges { node { action user { name } apiKeyId projectId subjectType subjectId details address } } } }',
    { filter },
  );
  expect(data.auditEntries.totalCount).toBe(data.auditEntries.edges.length);
  return data.auditEntries.edges.map(({ node }) => node);
}

const actions = async (by: Person, filter?: object) => (await entries(by, filter)).map(({ action }) => action);

describe('the audit log', () => {
  it('says who did what to what, with which key, from where', async () => {
    const key = await apiKey(studio, bob, { scopes: ['WRITE'], projectId: project });
    const { data } = await key.send<{ createExperiment: { data: { id: string } } }>(
      'mutation ($id: ID!) { createExperiment(input: { name: "by key", projectId: $id }) { ... on CreateExperimentSuccess { data { id } } } }',
      { id: project },
    );
    expect(await entries(bob, { actions: ['createExperiment'] })).toEqual([
      {
        action: 'createExperiment',
        user: { name: 'bob' },
        apiKeyId: key.keyId,
        projectId: project,
        subjectType: 'Experiment',
        subjectId: data.createExperiment.data.id,
        details: { name: 'by key' },
        address: expect.stringMatching(/127\.0\.0\.1|::1/),
      },
    ]);
    expect(await actions(bob, { apiKeyId: key.keyId })).toEqual(['createExperiment']);
  });

  it('is filtered by project, user, action and time', async () => {
    expect(await actions(bob, { projectId: project })).toEqual(['createExperiment', 'createApiKey']);
    expect(await actions(ada, { userId: bob.id, actions: ['register', 'createApiKey'] })).toEqual(['createApiKey', 'register']);
    const now = new Date().toISOString();
    expect(await actions(ada, { from: now })).toEqual([]);
    expect(await actions(ada, { to: now, actions: ['register'] })).toEqual(['register', 'register']);
  });

  it('is whole for administrators, and for owners that of their projects', async () => {
    await studio.send('mutation { logIn(input: { email: "bob@lab.example", password: "wrong" }) { __typename } }');
    expect(await actions(ada, { actions: ['logInFailed'] })).toEqual(['logInFailed']);
    expect(await actions(bob, { actions: ['logInFailed'] })).toEqual([]);
    expect(await actions(bob)).toContain('register');
    expect((await entries(bob)).every(({ user }) => user?.name === 'bob')).toBe(true);
    await addMember(bob, project, 'ada', 'VIEWER');
    expect(await actions(bob, { actions: ['addMember'] })).toEqual(['addMember']);
  });

  it('keeps what happened in a project that is gone', async () => {
    await bob.send('mutation ($id: ID!) { deleteProject(input: { projectId: $id }) { __typename } }', { id: project });
    const [deleted] = await entries(bob, { actions: ['deleteProject'] });
    expect(deleted).toMatchObject({ projectId: null, subjectType: 'Project', subjectId: project, details: { name: "bob's project" } });
    expect(await entries(ada, { actions: ['createExperiment'] })).toMatchObject([{ projectId: null, details: { name: 'by key' } }]);
  });
});
