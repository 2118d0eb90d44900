import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PluginProcess } from './plugin-process.ts';
import { failureOfCall } from './testing/failure-of-call.ts';
import { PluginFolder } from './testing/plugin-folder.ts';
import type { PluginLogLine } from './types.ts';

const plugins = new PluginFolder();
afterAll(() => plugins.remove());

describe('a tool', () => {
  const lines: PluginLogLine[] = [];
  let tool: PluginProcess;
  beforeAll(async () => {
    const folder = plugins.write(
      'greeter',
      {
        'main.ts': `import { defineTool, secret, z } from '@anneal/plugins/kit';
          import { suffix } from './lib/suffix.ts';
          import words from './words.json';
          import fs from 'node:fs';
          export default defineTool({
            settings: z.object({ greeting: z.string().default('Hello'), key: secret().optional() }),
            input: z.object({ name: z.string().min(1).describe('Who is greeted') }),
            output: z.object({ text: z.string() }),
            validate: ({ name }) => (name === 'nobody' ? [{ path: 'name', message: 'nobody cannot be greeted' }] : []),
            async execute({ name }, { settings, log, progress }) {
              log.info('greeting', { name });
              console.log('to the standard output');
              progress(0.5, 'half of it');
              const own: string = fs.readFileSync(new URL('./own.txt', import.meta.url), 'utf8');
              if (name === 'wrong') return { text: 3 } as never;
              if (name === 'thrown') throw new Error('it broke');
              return { text: settings.greeting + ', ' + name + suffix + words.end + own };
            },
          });`,
        'lib/suffix.ts': "export const suffix: string = '!';",
        'words.json': '{"end":" Bye."}',
        'own.txt': ' Own.',
      },
      { main: 'main.ts' },
    );
    tool = await plugins.open(folder, { onLog: (line) => lines.push(line) });
  });

  it('describes itself by JSON Schema', async () => {
    const { kind, settings, methods } = await tool.start();
    expect(kind).toBe('tool');
    expect(settings.properties).toEqual({
      greeting: { type: 'string', default: 'Hello' },
      key: { type: 'string', secret: true, format: 'password', writeOnly: true },
    });
    expect(methods.execute?.input.properties).toEqual({ name: { type: 'string', minLength: 1, description: 'Who is greeted' } });
    expect(methods.execute).toMatchObject({ isStream: false, output: { properties: { text: { type: 'string' } } } });
  });

  it('answers, with its log, its progress and its own files', async () => {
    const told: unknown[] = [];
    const answer = await tool.call(
      'execute',
      { name: 'you' },
      { onProgress: (...progress) => told.push(progress), onLog: (line) => told.push(line) },
    );
    expect(answer).toEqual({ text: 'Hello, you! Bye. Own.' });
    expect(told).toEqual([{ level: 'info', message: 'greeting', fields: { name: 'you' } }, [0.5, 'half of it']]);
    await expect.poll(() => lines, { timeout: 20_000 }).toContainEqual({ level: 'info', message: 'to the standard output' });
  });

  it('says what is wrong with an input, field by field', async () => {
    expect(await failureOfCall(tool.call('execute', { name: '' }))).toMatchObject({ code: 'INPUT_INVALID', issues: [{ path: 'name' }] });
    expect(await failureOfCall(tool.call('execute', { name: 'nobody' }))).toMatchObject({
      code: 'INPUT_INVALID',
      issues: [{ path: 'name', message: 'nobody cannot be greeted' }],
    });
    expect(await tool.call('validate', { name: 'nobody' })).toEqual([{ path: 'name', message: 'nobody cannot be greeted' }]);
    expect(await tool.call('validate', { name: 'you' })).toEqual([]);
  });

  it('names its own mistakes', async () => {
    expect(await failureOfCall(tool.call('execute', { name: 'wrong' }))).toMatchObject({
      code: 'RESULT_INVALID',
      message: expect.stringMatching(/greeter.*output schema.*text/),
    });
    expect(await failureOfCall(tool.call('execute', { name: 'thrown' }))).toMatchObject({
      code: 'THREW',
      message: 'the plugin greeter: it broke',
    });
    expect(await failureOfCall(tool.call('sing', {}))).toMatchObject({ code: 'METHOD_UNKNOWN' });
    expect(await failureOfCall(tool.call('toString', {}))).toMatchObject({ code: 'METHOD_UNKNOWN' });
  });

  it('takes other settings while it runs, and refuses calls while they are wrong', async () => {
    expect(await tool.checkSettings({ greeting: 3 })).toMatchObject([{ path: 'greeting' }]);
    expect(await tool.call('execute', { name: 'you' })).toEqual({ text: 'Hello, you! Bye. Own.' });
    expect(await tool.configure({ greeting: 3 })).toMatchObject([{ path: 'greeting' }]);
    expect(tool.status.settingsIssues).toMatchObject([{ path: 'greeting' }]);
    expect(await failureOfCall(tool.call('execute', { name: 'you' }))).toMatchObject({
      code: 'SETTINGS_INVALID',
      issues: [{ path: 'greeting' }],
    });
    expect(await tool.configure({ greeting: 'Good day' })).toEqual([]);
    expect(await tool.call('execute', { name: 'you' })).toEqual({ text: 'Good day, you! Bye. Own.' });
  });

  it('keeps its settings when it is started again', async () => {
    await tool.stop();
    expect(tool.status).toMatchObject({ state: 'STOPPED', pid: null, failures: 0 });
    expect(await tool.call('execute', { name: 'you' })).toEqual({ text: 'Good day, you! Bye. Own.' });
    expect(tool.status).toMatchObject({ state: 'READY', starts: 2, failures: 0 });
  });
});

describe('answers in pieces', () => {
  const source = `import { defineDatasetSource, z } from '@anneal/plugins/kit';
    let made = 0, left = 0;
    export default defineDatasetSource({
      settings: z.object({}),
      input: z.object({ rows: z.number(), throwAt: z.number().optional(), pad: z.number().default(0) }),
      async *read({ rows, throwAt, pad }) {
        made = 0;
        try {
          for (let row = 0; row < rows; row += 1) {
            if (row === throwAt) throw new Error('no more');
            made += 1;
            yield { row, made, left, pad: 'x'.repeat(pad) };
          }
        } finally { left += 1; }
      },
    });`;
  let reader: PluginProcess;
  beforeAll(async () => {
    reader = await plugins.open(plugins.write('rows', { 'main.mjs': source }, { kind: 'dataset-source' }));
  });

  it('come in order, all of them', async () => {
    const rows: unknown[] = [];
    for await (const piece of reader.stream('read', { rows: 500 })) rows.push(piece);
    expect(rows).toHaveLength(500);
    expect(rows[499]).toMatchObject({ row: { row: 499 } });
  });

  it('are made no faster than they are taken, and no more once the reader has left', async () => {
    let taken = 0;
    for await (const piece of reader.stream('read', { rows: 1_000_000 })) {
      taken += 1;
      if (taken < 40) continue;
      const { row } = piece as { row: { made: number } };
      expect(row.made).toBeLessThanOrEqual(40);
      break;
    }
    await expect.poll(() => reader.status.callsInFlight, { timeout: 20_000 }).toBe(0);
    for await (const piece of reader.stream('read', { rows: 1 })) expect(piece).toMatchObject({ row: { left: 2 } });
  });

  it('are given before the failure that ends them', async () => {
    const rows: unknown[] = [];
    const read = async () => {
      for await (const piece of reader.stream('read', { rows: 5, throwAt: 3 })) rows.push(piece);
    };
    expect(await failureOfCall(read())).toMatchObject({ code: 'THREW', message: 'the plugin rows: no more' });
    expect(rows).toHaveLength(3);
  });

  it('end when the call is cancelled', async () => {
    const controller = new AbortController();
    const read = async () => {
      for await (const _ of reader.stream('read', { rows: 1_000_000 }, { signal: controller.signal })) controller.abort();
    };
    expect(await failureOfCall(read())).toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => reader.status.callsInFlight, { timeout: 20_000 }).toBe(0);
  });
});

describe('a language model', () => {
  it('throws the errors of models as such, and has only the methods it defines', async () => {
    const folder = plugins.write(
      'limited',
      {
        'main.mjs': `import { defineLanguageModel, ModelError } from '@anneal/plugins/kit';
          export default defineLanguageModel({
            models: () => [{ id: 'small', name: 'Small', capabilities: ['generate'] }],
            async *generate({ messages }) {
              yield { type: 'text', text: messages[0].content };
              throw new ModelError('RATE_LIMITED', 'too often', { retryAfterSeconds: 7 });
            },
          });`,
      },
      { kind: 'language-model' },
    );
    const model = await plugins.open(folder);
    expect(Object.keys((await model.start()).methods)).toEqual(['models', 'generate']);
    expect(await model.call('models', {})).toMatchObject({ models: [{ id: 'small', description: '' }] });
    const request = { model: 'small', messages: [{ role: 'user', content: 'Hi' }], maxTokens: 5, temperature: 0 };
    const pieces = model.stream('generate', request)[Symbol.asyncIterator]();
    expect(await pieces.next()).toEqual({ done: false, value: { type: 'text', text: 'Hi' } });
    await expect(pieces.next()).rejects.toMatchObject({ name: 'ModelError', code: 'RATE_LIMITED', retryAfterSeconds: 7, isPassing: true });
  });
});

describe('limits of calls', () => {
  it('has a time for each call, tells the plugin, and goes on with the others', async () => {
    const body = `if (input === 'count') return globalThis.aborted ?? 0;
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve)); globalThis.aborted = (globalThis.aborted ?? 0) + 1;`;
    const slow = await plugins.open(plugins.writeTool('slow', body));
    const { signal } = new AbortController();
    const late = failureOfCall(slow.call('execute', 'wait', { timeoutSeconds: 0.2, signal }));
    expect(await slow.call('execute', 'count')).toBe(0);
    expect(await late).toMatchObject({ code: 'TIMEOUT', message: 'the plugin slow did not answer execute within 0.2 s' });
    await expect.poll(() => slow.call('execute', 'count'), { timeout: 20_000 }).toBe(1);
    expect(slow.status).toMatchObject({ state: 'READY', starts: 1, failures: 0, callsInFlight: 0 });
  });

  it('refuses more calls at once than agreed', async () => {
    const one = await plugins.open(
      plugins.writeTool('one-by-one', 'await new Promise((resolve) => setTimeout(resolve, 100)); return 1;', {
        limits: { concurrency: 1 },
      }),
    );
    const first = one.call('execute', null);
    expect(await failureOfCall(one.call('execute', null))).toMatchObject({ code: 'BUSY', retryAfterSeconds: 1 });
    expect(await first).toBe(1);
  });

  it('ends a process that nobody has asked for long', async () => {
    const idle = await plugins.open(plugins.writeTool('idle', 'return process.pid', { limits: { idleSeconds: 0.1 } }));
    await idle.call('execute', null);
    await expect.poll(() => idle.status.state, { timeout: 20_000 }).toBe('STOPPED');
    await idle.call('execute', null);
    expect(idle.status).toMatchObject({ starts: 2, failures: 0 });
  });
});
