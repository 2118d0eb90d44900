import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../training/events.ts';
import { crc32c } from './crc32c.ts';
import { EventFile } from './event-file.ts';
import { stepOf } from './event.ts';
import { readRecords } from './records.ts';
import { tagOf } from './tags.ts';
import { withEventFile } from './with-event-file.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-tensorboard-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const fileIn = (where: string) => {
  const names = fs.readdirSync(where);
  expect(names).toEqual([expect.stringMatching(/^events\.out\.tfevents\.\d{10}\./)]);
  return path.join(where, names[0] ?? '');
};

function stepsIn(where: string): (number | null)[] {
  const descriptor = fs.openSync(fileIn(where), 'r');
  try {
    return [...readRecords(descriptor)].map(({ data }) => stepOf(data));
  } finally {
    fs.closeSync(descriptor);
  }
}

function write(lastStep: number, ...steps: number[]): void {
  const file = EventFile.open(folder, lastStep);
  for (const step of steps) file.write({ wallTime: 1, step, scalars: { 'train/loss': step / 2 } });
  file.close();
}

it('has the checksum of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

describe('an event file', () => {
  it('is what TensorFlow writes, byte by byte', () => {
    const file = EventFile.open(folder, 0);
    file.write({ wallTime: 1.5, step: 300, scalars: { 'train/loss': 0.5 } });
    file.close();
    const bytes = fs.readFileSync(fileIn(folder));
    // Event{wall_time, file_version}: length 24, its CRC, 09 <double> 1a 0d "brain.Event:2".
    expect(bytes.subarray(0, 8).toString('hex')).toBe('1800000000000000');
    expect(bytes.subarray(8, 12).toString('hex')).toBe('a37f4b22');
    expect(bytes.subarray(21, 36).toString()).toBe('\x1a\rbrain.Event:2');
    // Event{wall_time: 1.5, step: 300, summary{value{tag: "train/loss", simple_value: 0.5}}}
    expect(bytes.subarray(40 + 12, -4).toString('hex')).toBe(
      '09000000000000f83f' + '10ac02' + '2a13' + '0a11' + '0a0a' + Buffer.from('train/loss').toString('hex') + '150000003f',
    );
  });

  it('goes on behind the step of a checkpoint, without gap or duplicate', () => {
    write(0, 0, 1, 2, 3, 3, 4, 5);
    write(3, 4, 5, 6);
    expect(stepsIn(folder)).toEqual([null, 0, 1, 2, 3, 3, 4, 5, 6]);
  });

  it('begins again with a run that has no checkpoint', () => {
    write(0, 0, 1, 2);
    write(0, 0, 1);
    expect(stepsIn(folder)).toEqual([null, 0, 1]);
  });

  it('goes on behind its last whole record, wherever the last one was torn', () => {
    write(0, 1, 2);
    const whole = fs.readFileSync(fileIn(folder));
    for (let length = 0; length <= whole.length; length += 7) {
      fs.writeFileSync(fileIn(folder), whole.subarray(0, length));
      write(9, 10);
      expect(stepsIn(folder).at(-1)).toBe(10);
    }
  });

  it('drops what is behind a damaged record', () => {
    write(0, 1, 2, 3);
    const bytes = fs.readFileSync(fileIn(folder));
    bytes[bytes.length - 50] = (bytes[bytes.length - 50] ?? 0) ^ 1;
    fs.writeFileSync(fileIn(folder), bytes);
    write(3, 4);
    expect(stepsIn(folder)).toEqual([null, 1, 4]);
  });
});

it.each([
  ['loss', 'train/loss'],
  ['evaluationLoss', 'eval/loss'],
  ['perplexity', 'eval/perplexity'],
  ['learningRate', 'train/learning_rate'],
  ['gradientNorm', 'train/grad_norm'],
  ['tokensPerSecond', 'train/tokens_per_second'],
  ['rewardsMargins', 'train/rewards/margins'],
  ['evaluationRewardsAccuracies', 'eval/rewards/accuracies'],
])('names %s as others do: %s', (metric, tag) => {
  expect(tagOf(metric)).toBe(tag);
});

describe('a run with an event file', () => {
  const metrics: TrainingEvent = { type: 'metrics', step: 1, epoch: 0.5, tokens: 5, values: { loss: 2 } };
  const started: TrainingEvent = {
    type: 'started',
    step: 0,
    totalSteps: 1,
    device: 'cpu',
    threads: 1,
    parameters: 1,
    trainableParameters: 1,
    trainExamples: 1,
    validationExamples: 0,
  };
  async function passedOn(...events: TrainingEvent[]): Promise<TrainingEvent[]> {
    const passed: TrainingEvent[] = [];
    const source = (async function* () {
      yield* events;
    })();
    for await (const event of withEventFile(folder, source)) passed.push(event);
    return passed;
  }

  it('tells the same events', async () => {
    expect(await passedOn(started, metrics)).toEqual([started, metrics]);
    expect(stepsIn(path.join(folder, 'tensorboard'))).toEqual([null, 1]);
  });

  it('goes on when the file cannot be written, and says so once', async () => {
    fs.writeFileSync(path.join(folder, 'tensorboard'), 'a file where the folder should be');
    const passed = await passedOn(started, metrics, metrics);
    expect(passed.map(({ type }) => type)).toEqual(['started', 'log', 'metrics', 'metrics']);
    expect(passed[1]).toMatchObject({ level: 'warn', message: expect.stringContaining('TensorBoard') });
  });
});
