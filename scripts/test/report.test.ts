import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { countResults } from './report.mjs';

function count(report: unknown) {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'anneal-report-')), 'report.json');
  fs.writeFileSync(file, JSON.stringify(report));
  const counts = countResults(file);
  fs.rmSync(path.dirname(file), { recursive: true });
  return counts;
}

it('counts what passed and what failed, not what was left out', () => {
  const results = (...statuses: string[]) => statuses.map((status) => ({ status }));
  expect(
    count({
      testResults: [
        { status: 'passed', assertionResults: results('passed', 'passed', 'skipped', 'todo') },
        { status: 'failed', assertionResults: results('passed', 'failed', 'failed') },
      ],
    }),
  ).toEqual({ passed: 3, failed: 2 });
});

it('counts a file that could not be loaded as a failure', () => {
  expect(count({ testResults: [{ status: 'failed', assertionResults: [] }] })).toEqual({ passed: 0, failed: 1 });
});

it('finds nothing where there is no report', () => {
  expect(countResults('/nowhere/report.json')).toEqual({ passed: 0, failed: 0 });
});
