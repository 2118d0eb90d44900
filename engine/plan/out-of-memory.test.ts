import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { nodeArguments, parseJournalLine, workerProgram } from '../worker/index.ts';
import { explainShortage, memoryWarning } from './advice.ts';

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-out-of-memory-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const gib = 2 ** 30;

describe('a shortage of memory', { timeout: 240_000 }, () => {
  it('in the middle of a step ends the run with what to change', () => {
    const data = path.join(folder, 'rows.jsonl');
    const text = Array.from({ length: 400 }, (_, index) => `function f${index}(n) { return n + ${index}; }`).join('\n');
    fs.writeFileSync(data, `${JSON.stringify({ text })}\n`.repeat(64));
    const config = {
      data: { path: data, format: 'text', maxLength: 512, validationShare: 0 },
      schedule: { batchSize: 64 },
      run: { threads: 1, device: 'cpu' },
    };
    fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
    // Kilobytes. The process itself takes less than a third of it, the first step several times as much.
    const limited = `ulimit -d 900000; exec "$0" "${nodeArguments.join('" "')}" "${workerProgram}" "${folder}"`;
    expect(() => execFileSync('sh', ['-c', limited, process.execPath], { stdio: 'pipe' })).toThrow();
    const journal = fs.readFileSync(path.join(folder, 'journal.ndjson'), 'utf8').trimEnd().split('\n');
    const last = parseJournalLine(journal.at(-1) ?? '');
    expect(last).toMatchObject({ type: 'failed', code: 'OUT_OF_MEMORY' });
    expect(last?.type === 'failed' && last.message).toMatch(
      /^Memory ran out: .* were in use.*gradientCheckpointing: layer.*schedule\.batchSize: 1/,
    );
  });

  it.each([
    'Non-zero status code returned while running Add node. Status Message: bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 2359296',
    'Non-zero status code returned while running Transpose node. Status Message: std::bad_alloc',
    'CUDA failure 2: out of memory ; GPU=0',
    'Array buffer allocation failed',
  ])('is told from other errors: %s', (message) => {
    const config = parseTrainingConfig({});
    const told = explainShortage(new Error(message), config);
    expect(told).toBeInstanceOf(EngineError);
    expect(told).toMatchObject({ code: 'OUT_OF_MEMORY' });
    const other = new Error('Non-zero status code returned while running Gather node. Status Message: indices element out of data bounds');
    expect(explainShortage(other, config)).toBe(other);
  });

  it('is foretold with how much is missing, and what each change would bring', () => {
    const config = parseTrainingConfig({ schedule: { batchSize: 8 } });
    expect(memoryWarning(config, 3 * gib, 4 * gib)).toBeNull();
    const smaller = [
      { setting: 'run.gradientCheckpointing', value: 'layer', peakMemory: 4.5 * gib },
      { setting: 'schedule.batchSize', value: '1', peakMemory: 2 * gib },
    ];
    const warning = memoryWarning(config, 6 * gib, 4 * gib, smaller) ?? '';
    expect(warning).toMatch(/^The run needs about 6\.0 GiB of memory, and 4\.0 GiB are available: 2\.0 GiB are missing\./);
    expect(warning).toContain('(run.gradientCheckpointing: layer): 4.5 GiB;');
    expect(warning).toContain('(schedule.batchSize: 1): 2.0 GiB, which fits');
  });

  it('has advice that fits the configuration', () => {
    const advice = (input: unknown) => memoryWarning(parseTrainingConfig(input), 2 * gib, gib) ?? '';
    expect(advice({ method: { trainable: 'full' } })).toContain('method.trainable: lora');
    expect(advice({ method: { trainable: 'full' } })).not.toContain('model.storage');
    expect(
      advice({ schedule: { batchSize: 1 }, data: { maxLength: 64 }, run: { gradientCheckpointing: 'layer' }, model: { storage: 'nf4' } }),
    ).toMatch(/missing\. Take a smaller model\.$/);
  });
});
