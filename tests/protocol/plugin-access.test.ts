import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addMember, apiKey, type Person, projectsOf, register } from './people.ts';
import { wordCount, writePlugin } from './test-plugins.ts';
import { openStudio, type TestStudio } from './test-studio.ts';

/* Plugins in a studio with accounts: who sees what, and who may run them. */

let folder: string;
let studio: TestStudio;
let projectId: string;
let [administrator, owner, editor, viewer, key]: Person[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'anneal-plugins-'));
  await writePlugin(folder, 'word-count', wordCount);
  studio = await openStudio({ environment: { PLUGINS_DIR: folder, ACCOUNTS: 'required', SETUP_CODE: 'count all the words' } });
  administrator = await register(studio, 'ada', 'count all the words');
  owner = await register(studio, 'olive');
  [editor, viewer] = [await register(studio, 'edgar'), await register(studio, 'vera')];
  [projectId = ''] = await projectsOf(owner);
  await addMember(owner, projectId, 'edgar', 'EDITOR');
  await addMember(owner, projectId, 'vera', 'VIEWER');
  key = await apiKey(studio, administrator, { scopes: ['READ'] });
  for (const [mutation, input] of [
    ['enablePlugin', '{ name: "word-count" }'],
    ['updatePluginSettings', '{ name: "word-count", settings: { token: "tok-1234567890" } }'],
  ]) {
    const { data, errors } = await administrator.send(`mutation { ${mutation}(input: ${input}) { __typename } }`);
    expect({ data, errors }).toMatchObject({ errors: [], data: { [mutation!]: { __typename: expect.stringContaining('Success') } } });
  }
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

interface Seen {
  state: string;
  inputSchema: object | null;
  settings: { secretsSet: string[] } | null;
  status: { pid: number | null; log: object[] } | null;
}

async function seenBy(person: Person | undefined): Promise<Seen | undefined> {
  const query =
    '{ plugin(name: "word-count") { state inputSchema settings { values secretsSet } status { pid problems log { message } } } }';
  return (await person?.send<{ plugin: Seen }>(query))?.data.plugin;
}

async function run(person: Person | undefined, project = projectId) {
  const answer = await person?.send<{ runPlugin: { __typename: string; data?: { output: object } } }>(
    `mutation ($input: RunPluginInput!) { runPlugin(input: $input) { __typename ... on RunPluginSuccess { data { output } } } }`,
    { input: { projectId: project, name: 'word-count', input: { text: 'one two' } } },
  );
  return answer?.data.runPlugin;
}

describe('plugins of a studio with accounts', () => {
  it('are seen by everybody; what was set, and how they are doing, by administrators in person', async () => {
    expect(await seenBy(administrator)).toMatchObject({ settings: { secretsSet: ['token'] }, status: { problems: [] } });
    for (const person of [owner, viewer, key]) {
      expect(await seenBy(person)).toMatchObject({ inputSchema: { type: 'object' }, settings: null, status: null });
    }
  });

  it('are run by those who may execute in a project', async () => {
    expect(await run(owner)).toMatchObject({ data: { output: { words: 2, hasToken: true } } });
    expect(await run(editor)).toMatchObject({ data: { output: { words: 2 } } });
    expect(await run(viewer)).toMatchObject({ __typename: 'Forbidden' });
    // An administrator is no member of the project.
    expect(await run(administrator)).toMatchObject({ __typename: 'NotFound' });
    const program = await apiKey(studio, owner!, { scopes: ['EXECUTE'], projectId });
    expect(await run(program)).toMatchObject({ data: { output: { words: 2 } } });
    expect(await run(key)).toMatchObject({ __typename: 'Forbidden' });
  });
});
