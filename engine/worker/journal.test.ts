import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from './journal.ts';
import { type JournalEvent, parseJournalLine } from './journal-format.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-journal-'));
  file = path.join(folder, 'journal.ndjson');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const log = (message: string): JournalEvent => ({ type: 'log', step: 1, level: 'info', message });
const metrics = (step: number): JournalEvent => ({ type: 'metrics', step, epoch: 0.5, tokens: 10, values: { loss: 0.1 + 0.2 } });

async function write(...events: JournalEvent[]): Promise<void> {
  const journal = Journal.open(file);
  for (const event of events) journal.append(event);
  await journal.close();
}

const lines = () => fs.readFileSync(file, 'utf8').split('\n').slice(0, -1).map(parseJournalLine);

describe('Journal', () => {
  it('numbers its lines without holes over several openings', async () => {
    await write(log('a'), log('b'));
    await write(log('c'));
    expect(lines().map((line) => line?.seq)).toEqual([1, 2, 3]);
  });

  it('gives numbers back as they were, to the bit', async () => {
    await write(metrics(7));
    expect(lines()[0]).toMatchObject({ type: 'metrics', step: 7, values: { loss: 0.30000000000000004 } });
  });

  it('writes a training step with what other programs look for at the top, and reads it as it was', async () => {
    const values = { loss: 2, learningRate: 1e-3, gradientNorm: 0.5, tokensPerSecond: 900, stepSeconds: 0.1 };
    await write({ type: 'metrics', step: 3, epoch: 0.5, tokens: 10, values });
    expect(JSON.parse(fs.readFileSync(file, 'utf8'))).toEqual({
      ...{ seq: 1, time: expect.any(Number), type: 'step', step: 3, epoch: 0.5, tokens: 10 },
      ...{ loss: 2, gradNorm: 0.5, learningRate: 1e-3, tokensPerSecond: 900, values: { stepSeconds: 0.1 } },
    });
    expect(lines()).toMatchObject([{ type: 'metrics', step: 3, epoch: 0.5, tokens: 10, values }]);
  });

  it('writes an evaluation without what it does not have, and numbers that JSON does not know as strings', async () => {
    const evaluation: JournalEvent = { type: 'metrics', step: 0, epoch: 0, tokens: 0, values: { evaluationLoss: 4, perplexity: 54.6 } };
    const diverged: JournalEvent = {
      type: 'metrics',
      step: 1,
      epoch: 0.5,
      tokens: 5,
      values: { loss: NaN, gradientNorm: Infinity, margin: -Infinity },
    };
    await write(evaluation, diverged);
    const written = fs.readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(written.map((text) => Object.keys(JSON.parse(text) as object).sort())).toEqual([
      ['epoch', 'seq', 'step', 'time', 'tokens', 'type', 'values'],
      ['epoch', 'gradNorm', 'loss', 'seq', 'step', 'time', 'tokens', 'type', 'values'],
    ]);
    expect(JSON.parse(written[1] ?? '')).toMatchObject({ loss: 'NaN', gradNorm: 'Infinity', values: { margin: '-Infinity' } });
    expect(lines()).toMatchObject([evaluation, diverged]);
    expect(lines()[1]).toHaveProperty('values', diverged.values);
  });

  it('reads the steps of journals from before, when their values stood together', () => {
    const values = { loss: 2, gradientNorm: 1 };
    const line = { seq: 1, time: 5, type: 'metrics', step: 1, epoch: 1, tokens: 1, values };
    expect(parseJournalLine(JSON.stringify(line))).toEqual(line);
  });

  it('goes on behind the last whole line, wherever the last one was torn', async () => {
    await write(log('first'), log('with a line end inside: \n, and ümläuts'));
    const whole = fs.readFileSync(file);
    const firstEnd = whole.indexOf(0x0a) + 1;
    for (let length = 0; length <= whole.length; length++) {
      fs.writeFileSync(file, whole.subarray(0, length));
      await write(log('next'));
      const kept = length < firstEnd ? 0 : length < whole.length ? 1 : 2;
      expect(lines().map((line) => line?.seq)).toEqual(Array.from({ length: kept + 1 }, (_, index) => index + 1));
      expect(lines().at(-1)).toMatchObject({ message: 'next' });
    }
  });

  it('cuts off blocks of zeros and garbage that a power cut leaves', async () => {
    await write(log('first'));
    fs.appendFileSync(file, Buffer.concat([Buffer.alloc(5000), Buffer.from('\n{"seq":2,"ty\nnonsense\n\n'), Buffer.alloc(300)]));
    await write(log('next'));
    expect(lines().map((line) => line?.seq)).toEqual([1, 2]);
  });

  it('finds the end of lines longer than a block', async () => {
    await write(log('x'.repeat(200_000)), log('y'.repeat(100_000)));
    fs.appendFileSync(file, '{"seq":3' + 'z'.repeat(150_000));
    await write(log('next'));
    expect(lines().map((line) => line?.seq)).toEqual([1, 2, 3]);
  });

  it('knows whether the run has ended', async () => {
    await write(log('a'));
    const journal = Journal.open(file);
    expect(journal.isEnded).toBe(false);
    journal.append({ type: 'completed', step: 1, seconds: 1 });
    expect(journal.isEnded).toBe(true);
    await journal.close();
    const again = Journal.open(file);
    expect(again.isEnded).toBe(true);
    await again.close();
  });
});

describe('parseJournalLine', () => {
  it.each([
    ['no JSON', '{'],
    ['no object', '3'],
    ['an unknown type', '{"seq":1,"time":1,"type":"party","step":0}'],
    ['no number', '{"time":1,"type":"cancelled","step":0}'],
    ['a value that is not a number', '{"seq":1,"time":1,"type":"metrics","step":0,"epoch":0,"tokens":0,"values":{"loss":null}}'],
  ])('refuses %s', (_, text) => {
    expect(parseJournalLine(text)).toBeNull();
  });
});
