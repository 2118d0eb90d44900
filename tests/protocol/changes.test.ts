import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

interface Form {
  trainingConfigForm: {
    sections: { fields: { path: string; kind: string; default: unknown }[] }[];
    defaults: Record<string, Record<string, unknown>>;
  };
}

const startRun =
  'mutation ($input: StartRunInput!) { startRun(input: $input) { __typename ... on StartRunSuccess { data { id name } } ... on Error { message code } ... on InvalidInput { issues { path message } } } }';

describe('startRun', () => {
  it('names every field that is wrong as the form does', async () => {
    const { data } = await studio.send<{ startRun: { issues: { path: string }[] } }>(startRun, {
      input: { config: { optimizer: { learningRate: 5, nope: 1 }, schedule: { batchSize: 0 }, data: { format: 'xml' } } },
    });
    expect(data.startRun).toMatchObject({ __typename: 'InvalidInput', code: 'INVALID_INPUT' });
    const paths = data.startRun.issues.map((issue) => issue.path);
    expect(paths.sort()).toEqual(['data.format', 'optimizer.learningRate', 'optimizer.nope', 'schedule.batchSize']);
    const { data: form } = await studio.send<Form>('{ trainingConfigForm { sections { fields { path } } } }');
    const known = form.trainingConfigForm.sections.flatMap((section) => section.fields.map((field) => field.path));
    expect(known).toEqual(expect.arrayContaining(paths.filter((path) => path !== 'optimizer.nope')));
  });

  it('says which experiment is not there', async () => {
    const { data } = await studio.send(startRun, { input: { experimentId: 'x' } });
    expect(data).toMatchObject({ startRun: { __typename: 'NotFound', code: 'NOT_FOUND', message: expect.stringContaining('"x"') } });
  });
});

describe('cancelRun', () => {
  const cancelRun =
    'mutation ($id: ID!) { cancelRun(input: { runId: $id }) { __typename ... on CancelRunSuccess { data { state } } ... on Error { message code } } }';

  it('stops a run, and says so when there is nothing to stop', async () => {
    const run = await studio.startRun(100, 10);
    const { data } = await studio.send(cancelRun, { id: run.id });
    expect(data).toMatchObject({ cancelRun: { __typename: 'CancelRunSuccess' } });
    await studio.ended(run);
    expect((await studio.send(cancelRun, { id: run.id })).data).toMatchObject({ cancelRun: { __typename: 'Conflict', code: 'CONFLICT' } });
    expect((await studio.send(cancelRun, { id: 'x' })).data).toMatchObject({ cancelRun: { __typename: 'NotFound', code: 'NOT_FOUND' } });
  });
});

describe('pauseRun and resumeRun', () => {
  const change = (mutation: string, type: string) =>
    `mutation ($id: ID!) { change: ${mutation}(input: { runId: $id }) { __typename ... on ${type} { data { state } } ... on Error { message code } } }`;
  const pauseRun = change('pauseRun', 'PauseRunSuccess');
  const resumeRun = change('resumeRun', 'ResumeRunSuccess');

  it('hold a run and let it go on to its end', async () => {
    const run = await studio.startRun(40, 10);
    const { data } = await studio.send<{ change: { data: { state: string } } }>(pauseRun, { id: run.id });
    expect(['PAUSING', 'PAUSED']).toContain(data.change.data.state);
    const state = 'query ($id: ID!) { node(id: $id) { ... on Run { state } } }';
    while ((await studio.send<{ node: { state: string } }>(state, { id: run.id })).data.node.state !== 'PAUSED') await pause(50);
    expect((await studio.send(resumeRun, { id: run.id })).data).toMatchObject({ change: { __typename: 'ResumeRunSuccess' } });
    await run.release();
    await studio.ended(run);
    for (const mutation of [pauseRun, resumeRun])
      expect((await studio.send(mutation, { id: run.id })).data).toMatchObject({ change: { __typename: 'Conflict', code: 'CONFLICT' } });
    expect((await studio.send(pauseRun, { id: 'x' })).data).toMatchObject({ change: { __typename: 'NotFound', code: 'NOT_FOUND' } });
  });
});

describe('a document that asks for no field', () => {
  it('is answered by the type alone', async () => {
    const run = await studio.startRun(100, 10);
    const { data } = await studio.send('mutation ($id: ID!) { cancelRun(input: { runId: $id }) { __typename } }', { id: run.id });
    expect(data).toEqual({ cancelRun: { __typename: 'CancelRunSuccess' } });
    await studio.ended(run);
    const started = await studio.send('mutation { createExperiment(input: { name: "bare" }) { __typename } }');
    expect(started.data).toEqual({ createExperiment: { __typename: 'CreateExperimentSuccess' } });
  });
});

describe('createExperiment', () => {
  const createExperiment =
    'mutation ($name: String!) { createExperiment(input: { name: $name }) { __typename ... on CreateExperimentSuccess { data { name description } } ... on InvalidInput { issues { path } } } }';

  it('makes one, refuses a name that is taken or empty', async () => {
    const create = async (name: string) => (await studio.send(createExperiment, { name })).data;
    expect(await create('one')).toEqual({
      createExperiment: { __typename: 'CreateExperimentSuccess', data: { name: 'one', description: '' } },
    });
    expect(await create('one')).toEqual({ createExperiment: { __typename: 'Conflict' } });
    expect(await create(' ')).toEqual({ createExperiment: { __typename: 'InvalidInput', issues: [{ path: 'name' }] } });
  });
});

describe('the form of a training configuration', () => {
  it('has title, help, range, unit and default of every field', async () => {
    const { data } = await studio.send<Form>(
      '{ trainingConfigForm { defaults sections { key title help fields { path title help unit kind minimum maximum choices default advanced } } } }',
    );
    const { sections, defaults } = data.trainingConfigForm;
    const fields = sections.flatMap((section) => section.fields);
    expect(fields.find((field) => field.path === 'data.maxLength')).toMatchObject({
      kind: 'INTEGER',
      unit: 'tokens',
      minimum: 16,
      maximum: 32768,
      default: 512,
      choices: null,
    });
    expect(fields.find((field) => field.path === 'schedule.type')).toMatchObject({
      kind: 'CHOICE',
      choices: ['cosine', 'linear', 'constant'],
    });
    expect(fields.find((field) => field.path === 'method.targetModules')).toMatchObject({ kind: 'LIST', advanced: true });
    expect(fields.find((field) => field.path === 'data.packing')).toMatchObject({ kind: 'BOOLEAN', default: false });
    expect(fields.find((field) => field.path === 'data.columns')).toMatchObject({ kind: 'MAP', default: {} });
    for (const field of fields) {
      const [section = '', name = ''] = field.path.split('.');
      expect(field.default).toEqual(defaults[section]?.[name]);
    }
  });
});

describe('base models', () => {
  it('are listed with what is wrong with them', async () => {
    const { data, errors } = await studio.send(
      '{ baseModels { name path architecture parameters bytes problem } studio { version dataFolder cpu cores memory } }',
    );
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      baseModels: [{ name: 'bundled' }],
      studio: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/), dataFolder: studio.studio.config.dataFolder },
    });
  });
});
