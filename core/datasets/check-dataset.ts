import { EngineError, type InspectedRow, inspectRows, type Tokenizer, type TrainingConfig } from '@anneal/engine';
import type { CheckResult, RowProblem } from './data-protocol.ts';
import { RowStatistics } from './row-statistics.ts';

/** Problems that are kept; the others are counted. */
const mostProblems = 1000;
/** Problems of one row that are kept: a conversation may have thousands. */
const mostOfOneRow = 3;
/** Rows whose tokens are counted: more would take hours for what they add. */
const mostCounted = 50_000;
/** Longer than any row: nothing is cut, so that lengths are the real ones. */
const wholeLength = 1 << 30;
/** Characters that are shown of a row. */
const shownCharacters = 200;

/**
 * Looks at every row of a dataset: whether it can be used, and what the rows are like together.
 * @throws EngineError for what is wrong with the dataset as a whole: no file, no rows, no format that is known
 */
export async function checkDataset(settings: TrainingConfig['data'], tokenizer: Tokenizer): Promise<CheckResult> {
  const { format, rows } = await inspectRows({ ...settings, maxLength: wholeLength, truncation: 'end' }, tokenizer);
  const problems: RowProblem[] = [];
  const statistics = new RowStatistics();
  let [count, badRows] = [0, 0];
  let brokenOff: string | null = null;
  try {
    for await (const batch of rows({ encode: (place) => place < mostCounted })) {
      for (const row of batch) {
        count++;
        statistics.add(row, count <= mostCounted);
        if (row.problems.length === 0) continue;
        badRows++;
        if (problems.length < mostProblems) problems.push(...problemsOf(row).slice(0, mostProblems - problems.length));
      }
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    brokenOff = error.message;
  }
  return { format, rows: count, badRows, problems, brokenOff, statistics: statistics.result() };
}

function problemsOf({ file, number, problems, value }: InspectedRow): RowProblem[] {
  const text = shortened(value);
  return problems.slice(0, mostOfOneRow).map((problem) => ({ file, row: number, path: problem.field ?? '', message: problem.text, text }));
}

function shortened(value: unknown): string {
  // A row that cannot be read has no value; its message shows it.
  if (value === undefined) return '';
  const text = JSON.stringify(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
