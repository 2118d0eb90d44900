import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestStudio } from './test-studio.ts';

const page = path.join(import.meta.dirname, '../../docs/api.md');

/** What the text says to keep of an answer, by the name to keep it under: where it lies in `data`. */
const kept: Readonly<Record<string, string>> = {
  KEY: 'createApiKey.data.secret',
  RUN: 'startRun.data.id',
  LOGGED: 'createLoggedRun.data.id',
  ADDRESS: 'createUpload.data.url',
  UPLOAD: 'createUpload.data.id',
  DATASET: 'createDataset.data.id',
};

let studio: TestStudio;
let folder: string;
beforeAll(async () => {
  studio = await openStudio();
  folder = await mkdtemp(path.join(tmpdir(), 'anneal-examples-'));
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

function inside(value: unknown, way: string): unknown {
  return way
    .split('.')
    .reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), value);
}

describe('docs/api.md', () => {
  it('has examples that do what it says, one after the other', async () => {
    const text = await readFile(page, 'utf8');
    const examples = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
    expect(examples.length).toBeGreaterThan(10);
    const names: Record<string, string> = {};
    const answers: unknown[] = [];
    for (const example of examples) {
      const script = example.replace(/^export STUDIO=.*$/m, '');
      const env = { PATH: process.env.PATH, STUDIO: studio.url, ...names };
      const { stdout } = await promisify(execFile)('bash', ['-euc', script], { cwd: folder, env });
      for (const line of stdout.split(/(?<=\})(?=\{)|\n/).filter((part) => part.startsWith('{"'))) {
        const answer: unknown = JSON.parse(line);
        answers.push(answer);
        expect(answer, line).not.toHaveProperty('errors');
        for (const [name, way] of Object.entries(kept)) {
          const value = inside(inside(answer, 'data'), way);
          if (typeof value === 'string') names[name] = value;
        }
      }
      if (example.includes('text/event-stream')) {
        expect(stdout.match(/"step":\d+/g)).toEqual([1, 2, 3, 4, 5].map((step) => `"step":${step}`));
        expect(stdout).toMatch(/^id: /m);
        expect(stdout).toContain('event: complete');
      }
    }
    const all = JSON.stringify(answers);
    expect(Object.keys(names).sort()).toEqual(Object.keys(kept).sort());
    expect(all).toContain('"path":"optimizer.learningRate"');
    expect(all).toContain('"accepted":2,"duplicates":0');
    expect(all).toContain('"finishLoggedRun":{"data":{"state":"COMPLETED"}}');
    expect(all).toMatch(/"addDatasetVersion":\{"data":\{"isNew":true,"version":\{"id":"[^"]+","number":1/);
    expect(all).not.toContain('"message":"There is');
  });

  it('names the limits that there are', async () => {
    const text = await readFile(page, 'utf8');
    const { defaultLimits } = await import('@anneal/api');
    const { depth, breadth, aliases, documentTokens, cost, requestSeconds, requestsPerKey, requestsPerUser, requestsPerStranger } =
      defaultLimits;
    const written = (value: number) => value.toLocaleString('en-US');
    expect(text).toContain(`| ${[depth, breadth, aliases, documentTokens].map(written).join(', ')} |`);
    expect(text).toContain(`| ${written(cost)} |`);
    expect(text).toContain(`| ${requestSeconds} s |`);
    const rates = [requestsPerKey, requestsPerUser, requestsPerStranger].map(({ perMinute }) => written(perMinute));
    expect(text).toContain(`| ${rates.join(', ')} a minute |`);
  });
});
