import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parrot, wordCount, writePlugin } from './test-plugins.ts';
import { openStudio, type TestStudio } from './test-studio.ts';

/*
 * Plugins in folders, in processes of their own: what administrators do with them, what members ask them, and what becomes of those that
 * are broken, throw, or are killed.
 */

let folder: string;
let studio: TestStudio;
let projectId: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'anneal-plugins-'));
  await writePlugin(folder, 'word-count', wordCount);
  await writePlugin(folder, 'parrot', parrot, { kind: 'language-model', permissions: { network: true } });
  await writePlugin(folder, 'from-the-future', wordCount, { kit: '^9.0.0' });
  await mkdir(path.join(folder, 'broken'));
  await writeFile(path.join(folder, 'broken', 'plugin.json'), '{ "name": ');
  studio = await openStudio({ environment: { PLUGINS_DIR: folder, ANTHROPIC_API_KEY: 'sk-of-the-environment' } });
  // What is not looked at here need not be started.
  for (const name of ['openai-compatible', 'transformers', 'code-suggester']) await change('disablePlugin', { name }, 'name');
  const { data } = await studio.send<{ projects: { edges: { node: { id: string } }[] } }>('{ projects { edges { node { id } } } }');
  projectId = data.projects.edges[0]?.node.id ?? '';
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

interface Plugin {
  name: string;
  kind: string | null;
  state: string;
  isBuiltIn: boolean;
  version: string | null;
  isNetworkAllowed: boolean;
  inputSchema: object | null;
  settingsSchema: object | null;
  settings: { values: object | null; secretsSet: string[] | null; fromEnvironment: string[] };
  status: {
    problems: string[];
    pid: number | null;
    calls: number;
    failedCalls: number;
    lastError: { code: string; message: string } | null;
  };
}

const short = 'name kind state isBuiltIn version isNetworkAllowed status { problems pid calls failedCalls lastError { code message } }';
const whole = `${short} inputSchema settingsSchema settings { values secretsSet fromEnvironment }`;

async function plugin(name: string, fields = short): Promise<Plugin> {
  const { data } = await studio.send<{ plugin: Plugin }>(`query ($name: String!) { plugin(name: $name) { ${fields} } }`, { name });
  return data.plugin;
}

interface Result {
  __typename: string;
  message?: string;
  data?: Plugin & { output: object };
  issues?: { path: string; message: string }[];
  reason?: string;
}

/** Changes something about a plugin, or runs it. */
async function change(mutation: string, input: object, fields = short): Promise<Result> {
  const Input = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
  const more = [
    ...(['updatePluginSettings', 'runPlugin'].includes(mutation) ? ['... on InvalidInput { issues { path message } }'] : []),
    ...(['updatePluginSettings', 'runPlugin', 'warmUpPlugin'].includes(mutation) ? ['... on PluginFailed { reason }'] : []),
  ];
  const { data, errors } = await studio.send<Record<string, Result>>(
    `mutation ($input: ${Input}Input!) { ${mutation}(input: $input) {
      __typename ... on Error { message } ${more.join(' ')} ... on ${Input}Success { data { ${fields} } } } }`,
    { input },
  );
  expect(errors).toEqual([]);
  return data[mutation]!;
}

const run = (name: string, input: unknown) => change('runPlugin', { name, input, projectId }, 'output');
const database = (id: string) => Buffer.from(id, 'base64').toString().split(':')[1] ?? '';

describe('the plugins of a studio', () => {
  it('are all listed; those that cannot be used say why', async () => {
    const { data } = await studio.send<{ plugins: Plugin[] }>(`{ plugins { ${short} } }`);
    const found = new Map(data.plugins.map((one) => [one.name, one]));
    expect(found.get('word-count')).toMatchObject({ kind: 'TOOL', state: 'DISABLED', isBuiltIn: false, version: '1.0.0' });
    expect(found.get('anneal')).toMatchObject({ kind: 'LANGUAGE_MODEL', state: 'IDLE', isBuiltIn: true });
    expect(found.get('broken')).toMatchObject({ kind: null, state: 'BROKEN', status: { problems: [expect.stringContaining('not JSON')] } });
    expect(found.get('from-the-future')).toMatchObject({ state: 'BROKEN', status: { problems: [expect.stringContaining('^9.0.0')] } });
    const { data: filtered } = await studio.send<{ plugins: Plugin[] }>('{ plugins(kind: TOOL) { name } }');
    expect(filtered.plugins.map(({ name }) => name)).toContain('word-count');
    expect(filtered.plugins.map(({ name }) => name)).not.toContain('parrot');
  });

  it('do nothing before an administrator enables them', async () => {
    expect(await run('word-count', { text: 'one two' })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('disabled'),
    });
    expect(await plugin('word-count', whole)).toMatchObject({ inputSchema: null, settingsSchema: null, status: { pid: null } });
    expect(await change('enablePlugin', { name: 'broken' })).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('not JSON'),
    });
    expect(await change('enablePlugin', { name: 'nobody' })).toMatchObject({ __typename: 'NotFound' });
    expect(await change('updatePluginSettings', { name: 'word-count', settings: { most: 2 } })).toMatchObject({ __typename: 'Conflict' });
  });

  it('run in a process of their own once they are enabled, and tell what they take', async () => {
    const { data } = await change('enablePlugin', { name: 'word-count' }, whole);
    expect(data).toMatchObject({
      state: 'RUNNING',
      inputSchema: { type: 'object', properties: { text: { type: 'string', minLength: 1 } } },
      settingsSchema: { properties: { token: { secret: true, writeOnly: true } } },
      settings: { values: {}, secretsSet: [] },
    });
    expect(data?.status.pid).not.toBe(process.pid);
    expect(await run('word-count', { text: 'one two three' })).toMatchObject({ data: { output: { words: 3, greeting: 'hello' } } });
    const { prisma } = studio.studio;
    const entries = await prisma.auditEntry.findMany({
      where: { subjectType: 'Plugin', subjectId: 'word-count' },
      orderBy: { time: 'asc' },
    });
    expect(entries.map(({ action, projectId: project }) => [action, project])).toEqual([
      ['enablePlugin', null],
      ['runPlugin', database(projectId)],
    ]);
  });

  it('say what is wrong with an input, by path', async () => {
    expect(await run('word-count', { text: '', repeat: 9 })).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: 'input.text' }, { path: 'input.repeat' }],
    });
    expect(await run('word-count', 'text')).toMatchObject({ __typename: 'InvalidInput', issues: [{ path: 'input' }] });
    expect(await run('word-count', { text: '"'.repeat(500_001) })).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: 'input' }],
    });
    expect(await run('nobody', {})).toMatchObject({ __typename: 'NotFound' });
  });

  it('tell how far they are while they run', async () => {
    const follow = async (text: string) => {
      const response = await fetch(`${studio.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({
          query: `subscription ($input: PluginRunInput!) { pluginRun(input: $input) {
            fraction message result { output } problem { code reason issues { path } } } }`,
          variables: { input: { projectId, name: 'word-count', input: { text } } },
        }),
      });
      const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
      return lines.map((line): unknown => JSON.parse(line.slice('data: '.length)));
    };
    const event = (given: object) => ({ data: { pluginRun: { fraction: null, message: null, result: null, problem: null, ...given } } });
    expect(await follow('slow')).toEqual([
      event({}),
      event({ fraction: 0.5, message: 'half of it' }),
      event({ fraction: 1, message: 'half of it', result: { output: { words: 1, greeting: 'hello', hasToken: false } } }),
    ]);
    expect(await follow('throw')).toEqual([event({}), event({ problem: { code: 'PLUGIN_FAILED', reason: 'THREW', issues: [] } })]);
  });

  it('fail alone: the error is reported, and the next call is answered', async () => {
    expect(await run('word-count', { text: 'throw' })).toMatchObject({
      __typename: 'PluginFailed',
      reason: 'THREW',
      message: expect.stringContaining('this text cannot be counted'),
    });
    expect(await run('word-count', { text: 'exit' })).toMatchObject({ __typename: 'PluginFailed', reason: 'EXITED' });
    const failed = await plugin('word-count');
    expect(failed).toMatchObject({ state: 'FAILED', status: { pid: null, failedCalls: 3, lastError: { code: 'EXITED' } } });
    expect(failed.status.problems).toHaveLength(1);
    expect(await run('word-count', { text: 'again' })).toMatchObject({ data: { output: { words: 1 } } });
    expect(await plugin('word-count')).toMatchObject({ state: 'RUNNING', status: { problems: [] } });
  });
});

describe('settings of a plugin', () => {
  const update = (settings: unknown) => change('updatePluginSettings', { name: 'word-count', settings }, whole);

  it('are checked by its own schema', async () => {
    expect(await update({ most: 0, greeting: 'x'.repeat(21) })).toMatchObject({
      __typename: 'InvalidInput',
      issues: [{ path: 'settings.greeting' }, { path: 'settings.most' }],
    });
    expect(await update({ colour: 'red' })).toMatchObject({
      issues: [{ path: 'settings.colour', message: expect.stringContaining('"greeting"') }],
    });
    expect(await update([1])).toMatchObject({ issues: [{ path: 'settings' }] });
  });

  it('hold for the next call, are kept encrypted, and secrets are not given back', async () => {
    const token = 'tok-1234567890';
    const { data } = await update({ greeting: 'moin', token });
    expect(data).toMatchObject({ settings: { values: { greeting: 'moin' }, secretsSet: ['token'] } });
    expect(JSON.stringify(data)).not.toContain(token);
    expect(await run('word-count', { text: 'one' })).toMatchObject({ data: { output: { greeting: 'moin', hasToken: true } } });
    const row = await studio.studio.prisma.pluginState.findUniqueOrThrow({ where: { name: 'word-count' } });
    expect(Buffer.from(row.settings ?? []).toString('latin1')).not.toContain('moin');
    const entry = await studio.studio.prisma.auditEntry.findFirstOrThrow({ where: { action: 'updatePluginSettings' } });
    expect(entry.details).toEqual({ changed: ['greeting', 'token'] });
  });

  it('do not come out with an error or a log', async () => {
    const told = await run('word-count', { text: 'tell' });
    expect(told).toMatchObject({ __typename: 'PluginFailed', message: expect.stringContaining('nobody may know ***') });
    const { data } = await studio.send<object>('{ plugin(name: "word-count") { status { log { level message } lastError { message } } } }');
    expect(JSON.stringify(data)).toContain('the token is ***');
    expect(JSON.stringify([data, studio.logged])).not.toContain('tok-1234567890');
  });

  it('stay as they are unless they are changed, and null takes one away', async () => {
    const { data } = await update({ greeting: null, most: 3 });
    expect(data?.settings).toEqual({ values: { most: 3 }, secretsSet: ['token'], fromEnvironment: [] });
    expect(await run('word-count', { text: 'one' })).toMatchObject({ data: { output: { greeting: 'hello', hasToken: true } } });
  });

  it('come from the environment for plugins of the studio, where nobody has set them', async () => {
    const { settings } = await plugin('claude', whole);
    expect(settings).toMatchObject({ fromEnvironment: ['apiKey'], secretsSet: ['apiKey'] });
    expect(JSON.stringify(settings)).not.toContain('sk-of-the-environment');
  });

  it('cannot give a plugin a network that it does not ask for', async () => {
    expect(await change('setPluginNetwork', { name: 'word-count', isAllowed: true })).toMatchObject({ __typename: 'Conflict' });
    expect(await plugin('parrot')).toMatchObject({ isNetworkAllowed: false });
    const { data } = await change('setPluginNetwork', { name: 'parrot', isAllowed: true });
    expect(data).toMatchObject({ isNetworkAllowed: true, state: 'DISABLED' });
  });
});

describe('the folders of plugins', () => {
  it('are read again: what has changed is loaded anew, what is new is found, what is gone is ended', async () => {
    await writePlugin(folder, 'word-count', wordCount.replace('words: text', 'words: 100 + text'), { version: '1.1.0' });
    expect(await run('word-count', { text: 'one' })).toMatchObject({ data: { output: { words: 1 } } });
    const { data: one } = await change('reloadPlugins', { name: 'word-count' });
    expect(one).toMatchObject([{ name: 'word-count', version: '1.1.0', status: { calls: 0 } }]);
    expect(await run('word-count', { text: 'one' })).toMatchObject({ data: { output: { words: 101, hasToken: true } } });
    await writePlugin(folder, 'newcomer', wordCount);
    await rm(path.join(folder, 'from-the-future'), { recursive: true });
    const { pid } = (await plugin('word-count')).status;
    expect(pid).not.toBeNull();
    await change('reloadPlugins', {});
    expect(await plugin('newcomer')).toMatchObject({ state: 'DISABLED' });
    expect(await plugin('from-the-future')).toBeNull();
    await expect.poll(() => isAlive(pid!)).toBe(false);
    expect(await change('reloadPlugins', { name: 'from-the-future' })).toMatchObject({ __typename: 'NotFound' });
  });

  it('give a plugin its memory back, and start it ahead of a call', async () => {
    const { data: warm } = await change('warmUpPlugin', { name: 'word-count' });
    expect(warm).toMatchObject({ state: 'RUNNING' });
    const { data: idle } = await change('unloadPlugin', { name: 'word-count' });
    expect(idle).toMatchObject({ state: 'IDLE', status: { pid: null } });
    expect(isAlive(warm!.status.pid!)).toBe(false);
    const { data } = await change('disablePlugin', { name: 'word-count' });
    expect(data).toMatchObject({ state: 'DISABLED' });
    expect(await run('word-count', { text: 'one' })).toMatchObject({ __typename: 'Conflict' });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('language models', () => {
  const question = (content: string, model = 'parrot/grey') => ({
    model,
    messages: [{ role: 'user' as const, content }],
    maxTokens: 100,
    temperature: 0,
  });

  /** Asks, and calls back with each piece. */
  async function ask(content: string, onText: (text: string) => void = () => undefined, signal = new AbortController().signal) {
    const { languageModels } = studio.studio;
    let text = '';
    for await (const event of languageModels.generate(database(projectId), question(content), signal)) {
      if (event.type === 'text') onText((text += event.text));
      if (event.type === 'end') return { text, usage: event.usage };
    }
    return { text };
  }

  it('are listed while their plugin is enabled', async () => {
    const ids = async () => {
      const { data } = await studio.send<{ languageModels: { id: string; capabilities: string[]; contextTokens: number | null }[] }>(
        'query ($projectId: ID!) { languageModels(projectId: $projectId) { id plugin name capabilities contextTokens listPrice { inputPerMillion } } }',
        { projectId },
      );
      return new Map(data.languageModels.map((model) => [model.id, model]));
    };
    expect([...(await ids()).keys()]).not.toContain('parrot/grey');
    await change('enablePlugin', { name: 'parrot' });
    const models = await ids();
    expect(models.get('parrot/grey')).toMatchObject({ capabilities: ['GENERATE', 'COUNT_TOKENS', 'SYSTEM'], contextTokens: 1000 });
    expect(models.get('anneal/base/bundled')).toMatchObject({ plugin: 'anneal', listPrice: { inputPerMillion: 0 } });
  });

  it('count tokens, and say what there is in place of a model that is not', async () => {
    const count = (model: string) =>
      studio.send<{ countTokens: number | null }>('query ($input: CountTokensInput!) { countTokens(input: $input) }', {
        input: { projectId, model, text: 'one two three' },
      });
    expect((await count('parrot/grey')).data.countTokens).toBe(3);
    const { errors } = await count('parrot/gray');
    expect(errors).toMatchObject([
      { message: expect.stringContaining('Did you mean "parrot/grey"'), extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect((await count('nowhere')).errors).toMatchObject([{ message: expect.stringContaining('There is no model "nowhere"') }]);
    expect((await count('word-count/x')).errors).toMatchObject([{ message: expect.stringContaining('There is no model') }]);
  });

  it('answer in pieces', async () => {
    const seen: string[] = [];
    expect(await ask('one two', (text) => seen.push(text))).toEqual({ text: 'one two ', usage: { inputTokens: 2, outputTokens: 2 } });
    expect(seen).toEqual(['one ', 'one two ']);
  });

  it('give their own errors across the processes', async () => {
    await expect(ask('overloaded')).rejects.toMatchObject({
      name: 'ModelError',
      code: 'OVERLOADED',
      message: 'Come back later.',
      retryAfterSeconds: 7,
    });
    await expect(ask('cut')).rejects.toMatchObject({ code: 'CUT_STREAM' });
    const vectors = studio.studio.languageModels.embed(
      database(projectId),
      { model: 'parrot/nothing', texts: ['a'] },
      new AbortController().signal,
    );
    await expect(vectors).rejects.toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: 'model' }] });
  });

  it('are told when nobody listens any more', async () => {
    const controller = new AbortController();
    const answer = ask('one wait', (text) => text.endsWith('wait ') && controller.abort(new Error('enough')), controller.signal);
    await expect(answer).rejects.toThrow('enough');
    const log = async () =>
      JSON.stringify((await studio.send('{ plugin(name: "parrot") { status { log { message } } } }')).data).includes('nobody listens');
    await expect.poll(log).toBe(true);
  });

  it('fail with their process, and answer the next question', async () => {
    const { pid } = (await plugin('parrot')).status;
    const answer = ask('one wait', (text) => text.endsWith('wait ') && process.kill(pid!, 'SIGKILL'));
    await expect(answer).rejects.toMatchObject({ name: 'ModelError', code: 'PLUGIN_FAILED', isPassing: true });
    expect(await plugin('parrot')).toMatchObject({ state: 'FAILED', status: { lastError: { code: 'EXITED' } } });
    expect(await ask('one')).toMatchObject({ text: 'one ' });
    expect((await plugin('parrot')).status.pid).not.toBe(pid);
  });

  it('are asked no more at a time than they can; the others wait for their turn', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => ask(`number ${index}`)));
    expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, index) => `number ${index} `));
  });

  it('can be loaded ahead of the first question', async () => {
    const warmUp = async (model: string) => {
      const { data } = await studio.send<{ warmUpLanguageModel: Result & { data?: { id: string } } }>(
        `mutation ($input: WarmUpLanguageModelInput!) { warmUpLanguageModel(input: $input) {
          __typename ... on Error { message } ... on WarmUpLanguageModelSuccess { data { id } } } }`,
        { input: { model } },
      );
      return data.warmUpLanguageModel;
    };
    expect(await warmUp('parrot/grey')).toMatchObject({ data: { id: 'parrot/grey' } });
    expect(await warmUp('parrot/gray')).toMatchObject({ __typename: 'InvalidInput', message: expect.stringContaining('Did you mean') });
    await change('disablePlugin', { name: 'anneal' }, 'name');
    expect(await warmUp('anneal/base/bundled')).toMatchObject({ __typename: 'InvalidInput', message: expect.stringContaining('disabled') });
    await change('enablePlugin', { name: 'anneal' }, 'name');
  });

  it('are asked once for embeddings that are wanted at the same time', async () => {
    const { languageModels } = studio.studio;
    const { signal } = new AbortController();
    const embed = (...texts: string[]) => languageModels.embed(database(projectId), { model: 'parrot/lengths', texts }, signal);
    const [one, other] = await Promise.all([embed('a', 'bb'), embed('cccc')]);
    expect([one.vectors, other.vectors]).toEqual([
      [
        [1, 1],
        [2, 1],
      ],
      [[4, 1]],
    ]);
    const { data } = await studio.send('{ plugin(name: "parrot") { status { log { message } } } }');
    expect(JSON.stringify(data)).toContain('asked for 3');
  });
});
