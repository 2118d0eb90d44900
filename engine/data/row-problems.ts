import type { z } from 'zod';
import { EngineError, type Issue } from '../errors.ts';

/** Bad rows that are named before reading stops. */
const mostReported = 20;

/** Collects what is wrong with rows, to report it together: one look at the message shows all there is to mend. */
export class RowProblems {
  readonly #source: string;
  readonly #rows = new Set<number>();
  readonly #found: { number: number; problem: string; field: string }[] = [];

  /** @param source what the rows belong to, for the message */
  constructor(source: string) {
    this.#source = source;
  }

  /**
   * @param problem completes "row 14: …"
   * @param field dotted path inside the row, or empty
   * @throws EngineError `DATASET_INVALID` when enough rows are wrong
   */
  add(number: number, problem: string, field = ''): void {
    this.#rows.add(number);
    this.#found.push({ number, problem, field });
    if (this.#rows.size >= mostReported) this.#fail(' Reading stopped there: more rows may be wrong.');
  }

  /** @throws EngineError `DATASET_INVALID` when any row is wrong */
  check(): void {
    if (this.#rows.size > 0) this.#fail('');
  }

  #fail(more: string): never {
    const found = this.#found.sort((a, b) => a.number - b.number);
    const byProblem = new Map<string, number[]>();
    for (const { number, problem } of found) byProblem.set(problem, [...(byProblem.get(problem) ?? []), number]);
    const parts = [...byProblem].map(([problem, numbers]) => `${numbers.length > 1 ? 'rows' : 'row'} ${numbers.join(', ')}: ${problem}`);
    const issues = found.map(({ number, problem, field }): Issue => ({
      path: field ? `rows.${number}.${field}` : `rows.${number}`,
      message: problem,
    }));
    throw new EngineError('DATASET_INVALID', `${this.#source} has rows that cannot be used: ${parts.join('; ')}.${more}`, { issues });
  }
}

/** What is wrong with a row, in words: `"output" is missing`. */
export function describeIssue(issue: z.core.$ZodIssue, row: unknown): string {
  if (issue.path.length === 0) return `is ${kindOf(row)}, not a JSON object`;
  const field = `"${issue.path.join('.')}"`;
  if (issue.code !== 'invalid_type') return `${field}: ${issue.message}`;
  const value = issue.path.reduce<unknown>(
    (part, key) => (typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined),
    row,
  );
  if (value === undefined || value === null) return `${field} is missing`;
  return `${field} is ${kindOf(value)}, not ${issue.expected === 'array' ? 'a list' : issue.expected === 'string' ? 'a text' : `a ${issue.expected}`}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}
