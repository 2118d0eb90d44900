import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseJournalLine } from '../worker/journal-format.ts';
import type { TrainingConfigInput } from '../config.ts';
import { tinyConfig, writeTinyModel } from '../testing/index.ts';

const program = path.join(import.meta.dirname, 'anneal.mjs');

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-cli-'))));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true });
});

interface Ended {
  code: number | NodeJS.Signals | null;
  out: string;
  err: string;
}

/** Starts a command in the test's folder. @param look is shown everything that was printed so far. */
function start(args: readonly string[], look?: (out: string, child: ChildProcess) => void): Promise<Ended> {
  const env = { ...process.env, ANNEAL_CACHE: path.join(folder, 'cache') };
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [out, err] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    look?.(out, child);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal, out, err }));
  });
}

const anneal = (...args: string[]) => start(args);

/** A tiny model, its rows, and a configuration beside them. */
async function writeWork(steps: number, change: (config: TrainingConfigInput) => TrainingConfigInput = (config) => config): Promise<void> {
  await writeTinyModel(folder);
  const config = change(tinyConfig({ model: 'model', data: 'rows.jsonl' }, steps));
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
}

const journalLine = z.record(z.string(), z.unknown());
const journalOf = (run: string): z.output<typeof journalLine>[] =>
  fs
    .readFileSync(path.join(folder, run, 'journal.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => journalLine.parse(JSON.parse(line)));

/** What must be the same each time a run is computed. */
const stepsOf = (run: string) =>
  journalOf(run).flatMap(({ type, step, loss, gradNorm, learningRate }) =>
    type === 'step' ? [{ step, loss, gradNorm, learningRate }] : [],
  );

describe('anneal', () => {
  it('trains, tells each step, and writes a run folder', async () => {
    await writeWork(12);
    const { code, out, err } = await anneal('train', 'config.json', '--run-dir', 'run');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.split('\n');
    expect(lines.filter((line) => /^step +\d+\/12 {2}loss \d\.\d{4} {2}gradient norm /.test(line))).toHaveLength(12);
    expect(lines.at(-2)).toMatch(/^Complete after 12 steps in .*artifacts\/adapter\.$/);
    const journal = journalOf('run');
    const stepLine = z.object({
      step: z.int(),
      loss: z.number(),
      gradNorm: z.number(),
      learningRate: z.number(),
      tokensPerSecond: z.number(),
    });
    const told = journal.filter(({ type }) => type === 'step').map((line) => stepLine.parse(line).step);
    expect(told).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    // What the studio reads.
    expect(journal.map((line) => parseJournalLine(JSON.stringify(line))?.seq)).toEqual(journal.map((_, index) => index + 1));
    expect(fs.readdirSync(path.join(folder, 'run/artifacts/adapter')).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  });

  it('saves a checkpoint at Ctrl+C, and goes on with the losses of a run that was never interrupted', async () => {
    // Long enough that the signal comes before the end.
    await writeWork(200, (config) => ({
      ...config,
      schedule: { ...config.schedule, batchSize: 16 },
      run: { ...config.run, evaluateEvery: 0, checkpointEvery: 0 },
    }));
    let interrupted = false;
    const { code, out } = await start(['train', 'config.json', '--run-dir', 'run'], (text, child) => {
      if (interrupted || !/^step +8\//m.test(text)) return;
      interrupted = true;
      child.kill('SIGINT');
    });
    expect(code).toBe(130);
    const place = /^Interrupted and saved at step (\d+)\. Go on with: npx anneal train --run-dir (.*) --resume$/m.exec(out);
    expect(place?.[2]).toBe(fs.realpathSync(path.join(folder, 'run')));
    expect(journalOf('run').at(-1)).toMatchObject({ type: 'checkpoint', step: Number(place?.[1]) });

    const refused = await anneal('train', 'config.json', '--run-dir', 'run');
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/holds a run already, at step \d+: go on with it by --resume, or name a new folder for another run\.\n$/);

    const resumed = await anneal('train', '--run-dir', 'run', '--resume');
    expect(resumed.code).toBe(0);
    expect(resumed.out).toContain(`Going on behind step ${place?.[1]} of `);
    expect((await anneal('train', 'config.json', '--run-dir', 'whole')).code).toBe(0);
    expect(stepsOf('run')).toEqual(stepsOf('whole'));
  });

  it('goes on after it was killed, with the losses of a run that was not', async () => {
    await writeWork(60, (config) => ({ ...config, run: { ...config.run, evaluateEvery: 0, checkpointEvery: 5 } }));
    const killed = await start(['train', 'config.json', '--run-dir', 'run'], (text, child) => {
      if (/^step +12\//m.test(text)) child.kill('SIGKILL');
    });
    expect(killed.code).toBe('SIGKILL');
    const resumed = await anneal('train', '--run-dir', 'run', '--resume');
    expect(resumed).toMatchObject({ code: 0, err: '' });
    expect(resumed.out).toMatch(/^Going on behind step [1-9]\d* of 60 /m);
    expect((await anneal('train', 'config.json', '--run-dir', 'whole')).code).toBe(0);
    expect(stepsOf('run')).toEqual(stepsOf('whole'));
  });

  it.runIf(process.platform === 'linux')('shows a bar on a terminal', async () => {
    await writeWork(4);
    // script(1) of util-linux gives the program a terminal.
    const command = [process.execPath, program, 'train', 'config.json', '--run-dir', 'run'].map((word) => `'${word}'`).join(' ');
    const { status, stdout } = spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/\r\x1b\[2K█+ 4\/4 {2}loss \d/);
    expect(stdout).toMatch(/Complete after 4 steps/);
  });

  it('does not mind that nobody reads what it prints', async () => {
    await writeWork(30);
    const { code } = await start(['train', 'config.json', '--run-dir', 'run'], (_, child) => child.stdout?.destroy());
    expect(code).toBe(0);
    expect(journalOf('run').at(-1)).toMatchObject({ type: 'completed', step: 30 });
  });

  it('begins anew where a run failed before its first step, and starts from an adapter', async () => {
    await writeWork(3, (config) => ({ ...config, data: { ...config.data, path: 'none.jsonl' } }));
    const missing = await anneal('train', 'config.json', '--run-dir', 'run');
    expect(missing).toMatchObject({
      code: 1,
      err: expect.stringContaining(`There is no dataset ${path.join(fs.realpathSync(folder), 'none.jsonl')}`),
    });
    // The cause is mended.
    await writeWork(3);
    fs.renameSync(path.join(folder, 'rows.jsonl'), path.join(folder, 'none.jsonl'));
    expect((await anneal('train', '--run-dir', 'run', '--resume')).code).toBe(0);
    expect(journalOf('run').map(({ type }) => type)).not.toContain('failed');
    fs.renameSync(path.join(folder, 'none.jsonl'), path.join(folder, 'rows.jsonl'));

    fs.writeFileSync(
      path.join(folder, 'more.json'),
      JSON.stringify({ ...tinyConfig({ model: 'model', data: 'rows.jsonl' }, 1), initAdapter: 'run/artifacts/adapter' }),
    );
    expect((await anneal('train', 'more.json', '--run-dir', 'more')).code).toBe(0);
    // It knows what the first run has learned.
    expect(stepsOf('more')[0]?.loss).toBeLessThan(Number(stepsOf('run')[0]?.loss));
  });

  it.each([
    ['an unknown command', ['trian'], "Unknown command 'trian'.\n(Did you mean train?)\nSee: npx anneal --help"],
    ['an unknown option', ['plan', 'config.json', '--jsn'], "Unknown option '--jsn'.\n(Did you mean --json?)\nSee: npx anneal plan --help"],
    [
      'no configuration',
      ['train', '--run-dir', 'run'],
      "Missing argument 'config', the training configuration.\nSee: npx anneal train --help",
    ],
    ['no folder', ['train', 'config.json'], "Required option '--run-dir <folder>' not specified.\nSee: npx anneal train --help"],
    [
      'a wrong number',
      ['plan', 'c.json', '--price-per-hour', 'x'],
      "'x' is invalid. It must be a number of 0 or more.\nSee: npx anneal plan",
    ],
    [
      'a wrong choice',
      ['export', '--format', 'zip', '--out', 'x'],
      'Allowed choices are merged, adapter, onnx, gguf.\nSee: npx anneal export',
    ],
    [
      'no model',
      ['generate', '--prompt', 'x'],
      "Give a model folder ('--model'), an adapter ('--adapter'), or both.\nSee: npx anneal generate",
    ],
    ['half a column', ['inspect', 'x', '--column', 'a'], "'a' is invalid. Write it as field=name, such as instruction=question."],
    ['nothing at all', [], 'Usage: anneal [options] [command]'],
  ])('refuses %s with a sentence and exit code 2', async (_, args, sentence) => {
    const { code, out, err } = await start(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it.each([
    [
      'a wrong configuration',
      ['train', 'wrong.json', '--run-dir', 'run'],
      'The configuration is not valid: optimizer.learningRate: It must be at most 1.; schedule.epoch: There is no such field.\n',
    ],
    ['a model that is not there', ['train', 'no-model.json', '--run-dir', 'run'], '/none. Give the path of a Hugging Face model folder.'],
    ['nothing to resume', ['train', '--run-dir', 'nowhere', '--resume'], 'to go on with. Give the configuration of a new one.\n'],
    [
      'a folder of something else',
      ['train', 'no-model.json', '--run-dir', 'other'],
      'has a config.json of something else. Name a new folder',
    ],
    ['a dataset that is not there', ['inspect', 'none.jsonl'], 'There is no dataset none.jsonl. Check the path.\n'],
  ])('tells of %s without a stack, and exits with 1', async (_, args, sentence) => {
    fs.writeFileSync(path.join(folder, 'wrong.json'), JSON.stringify({ optimizer: { learningRate: 7 }, schedule: { epoch: 1 } }));
    fs.writeFileSync(path.join(folder, 'no-model.json'), JSON.stringify({ model: { base: 'none' } }));
    fs.mkdirSync(path.join(folder, 'other'));
    fs.writeFileSync(path.join(folder, 'other/config.json'), '{"model_type":"llama"}');
    const { code, out, err } = await start(args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('knows a run that is complete', async () => {
    await writeWork(1);
    expect((await anneal('train', 'config.json', '--run-dir', 'run')).code).toBe(0);
    const again = await anneal('train', 'config.json', '--run-dir', 'run', '--resume');
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^The run in .* is complete\./) });
    const refused = await anneal('train', 'config.json', '--run-dir', 'run');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('which is complete at step 1: name a new folder') });
  });

  it('plans', async () => {
    await writeWork(4);
    const plan = await anneal('plan', 'config.json', '--price-per-hour', '2', '--json');
    expect(plan).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(plan.out)).toMatchObject({ parameters: 24_448, time: { steps: 4 }, cost: expect.any(Number) });
    const { out } = await anneal('plan', 'config.json');
    expect(out).toMatch(/^Parameters +24,448, of which 1,856 are trained \(7\.1 %\)\nDataset +40 rows\nDevice .*\nMemory .*: it fits\n/);
  });

  it('inspects', async () => {
    await writeWork(4);
    const words = await anneal('inspect', 'rows.jsonl', '--model', 'model', '--rows', '10');
    expect(words).toMatchObject({ code: 0, err: '' });
    expect(words.out).toMatch(/^Format +prompt-completion\nExamples +10 in the first 10 rows\nTokens .*\n(.*\n)*add 0/);
    const mapping = ['--format', 'alpaca', '--column', 'instruction=prompt', '--column', 'output=completion'];
    const json = await anneal('inspect', 'rows.jsonl', '--model', 'model', ...mapping, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ format: 'alpaca', examples: 40, skipped: 0 });

    fs.appendFileSync(path.join(folder, 'rows.jsonl'), '{"prompt":"add 1"}\nnothing\n');
    const bad = await anneal('inspect', 'rows.jsonl', '--model', 'model');
    expect(bad).toMatchObject({ code: 1, out: '' });
    expect(bad.err).toMatch(/row 41: "completion" is missing .*row 42: is not valid JSON: nothing/s);
  });

  it('answers with an adapter as with the model that it is merged into', async () => {
    await writeWork(4);
    expect((await anneal('train', 'config.json', '--run-dir', 'run')).code).toBe(0);
    const asked = ['--prompt', 'add 3', '--max-tokens', '5'];
    const answer = await anneal('generate', '--adapter', 'run/artifacts/adapter', ...asked);
    expect(answer).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/.\n$/s) });
    const merged = await anneal('export', '--format', 'merged', '--run-dir', 'run', '--out', 'merged');
    expect(merged).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^.*\/merged\n {2}config\.json /) });
    expect(await anneal('generate', '--model', 'merged', ...asked)).toEqual(answer);
    const files = async (format: string) => {
      const { code, err } = await anneal('export', '--format', format, '--run-dir', 'run', '--out', format);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      return fs.readdirSync(path.join(folder, format), { recursive: true, encoding: 'utf8' });
    };
    expect(await files('adapter')).toEqual(expect.arrayContaining(['adapter_config.json', 'adapter_model.safetensors']));
    expect((await files('onnx')).some((name) => name.endsWith('.onnx'))).toBe(true);
    const refused = await anneal('export', '--format', 'gguf', '--run-dir', 'run', '--out', 'merged');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('merged is not empty') });
  });
});
