import fs from 'node:fs';

/** @typedef {{ passed: number, failed: number }} Counts */

/**
 * Counts the results in a report that vitest wrote (`--reporter=json`). A file that could not be loaded counts as one failure.
 * @param {string} file
 * @returns {Counts} zeros when there is no report
 */
export function countResults(file) {
  /** @type {{ testResults?: { status: string, assertionResults: { status: string }[] }[] }} */
  let report;
  try {
    report = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0 };
  }
  let passed = 0;
  let failed = 0;
  for (const { status, assertionResults } of report.testResults ?? []) {
    const failures = assertionResults.filter((result) => result.status === 'failed').length;
    passed += assertionResults.filter((result) => result.status === 'passed').length;
    failed += failures === 0 && status === 'failed' ? 1 : failures;
  }
  return { passed, failed };
}
