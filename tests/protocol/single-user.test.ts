import { startServer } from '@anneal/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { apiKey, logIn, person, projectsOf, register } from './people.ts';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

const asking = '{ viewer { user { name email isAdministrator } scopes projects { role } } studio { accountsRequired needsSetup } }';

describe('a studio without accounts', () => {
  it('knows whoever asks from the machine as its one user', async () => {
    expect((await studio.send(asking)).data).toEqual({
      viewer: {
        user: { name: 'Local user', email: null, isAdministrator: true },
        scopes: ['READ', 'WRITE', 'TRAIN', 'EXECUTE', 'LOG'],
        projects: [{ role: 'OWNER' }],
      },
      studio: { accountsRequired: false, needsSetup: false },
    });
  });

  it('nevertheless checks what is shown to it', async () => {
    expect((await studio.send(asking, {}, { authorization: 'Bearer nonsense' })).status).toBe(401);
    const socket = new WebSocket(`${studio.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: { no: 'text' } } })));
    expect(await closed).toBe(4403);
  });

  it('gives keys that do less than its user', async () => {
    const local = person(studio, { accessToken: '', refreshToken: '', user: { id: '' } });
    const key = await apiKey(studio, { ...local, send: (query, variables) => studio.send(query, variables) }, { scopes: ['READ'] });
    expect((await key.send('{ viewer { scopes } studio { dataFolder } }')).data).toEqual({
      viewer: { scopes: ['READ'] },
      studio: { dataFolder: null },
    });
    expect((await key.send('mutation { startRun(input: {}) { __typename } }')).data).toEqual({ startRun: { __typename: 'Forbidden' } });
  });

  it('is not served where others could reach it', async () => {
    await expect(startServer({ studio: studio.studio, host: '0.0.0.0' })).rejects.toThrow(
      'ACCOUNTS is off, but other machines can reach HOST 0.0.0.0',
    );
  });

  it('becomes that of the first account, with everything in it', async () => {
    const { data } = await studio.send<{ createExperiment: { data: { id: string } } }>(
      'mutation { createExperiment(input: { name: "before" }) { ... on CreateExperimentSuccess { data { id } } } }',
    );
    await register(studio, 'ada');
    const ada = await logIn(studio, 'ada');
    const { data: seen } = await ada.send('query ($id: ID!) { node(id: $id) { ... on Experiment { name } } }', {
      id: data.createExperiment.data.id,
    });
    expect(seen).toEqual({ node: { name: 'before' } });
    expect((await studio.send(asking)).data).toMatchObject({ viewer: { user: { name: 'ada', isAdministrator: true } } });
    const bob = await register(studio, 'bob');
    expect(await projectsOf(bob)).toHaveLength(1);
    expect((await bob.send('query ($id: ID!) { node(id: $id) { id } }', { id: data.createExperiment.data.id })).data).toEqual({
      node: null,
    });
  });
});
