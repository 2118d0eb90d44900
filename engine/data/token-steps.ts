import { EngineError } from '../errors.ts';
import { mapColumns } from './columns.ts';
import type { Example } from './example.ts';
import { describeIssues, neededColumns, type RowChecker, type RowProblem } from './format-reader.ts';
import { type ModelLimits, tokens, tokenStepSchema } from './formats/tokens.ts';
import type { DataSettings } from './load-rows.ts';
import { type Report, silently } from './report.ts';
import { RowProblems } from './row-problems.ts';
import { storeRows } from './scan.ts';
import { openSource, placeOf, type RowSource } from './source.ts';
import type { ReadRow } from './sources/row.ts';
import { StoredRows } from './stored-rows.ts';
import { isStreamed } from './streaming.ts';
import type { TrainingData } from './training-data.ts';

type ReadStep = { ok: true; step: Example[] } | { ok: false; problems: RowProblem[] };
interface StepReader extends RowChecker {
  check(row: ReadRow): ReadStep;
}

/**
 * A dataset of tokens: each row is one optimizer step, in the order of the file, as it is: nothing is shuffled, cut or held
 * out, so that another trainer can be compared step by step.
 * @throws EngineError `DATASET_INVALID` naming the rows that are wrong
 */
export async function loadTokenSteps(
  source: RowSource,
  settings: DataSettings,
  model: ModelLimits,
  report: Report = silently,
): Promise<TrainingData<Example>> {
  const reader = tokenRowReader(settings.columns, model);
  const steps = await (isStreamed(source, settings) ? onDisk : inMemory)(source, settings, reader, report);
  const validation = await validationSteps(settings, reader);
  return {
    format: 'tokens',
    validation: validation.flat(),
    packed: false,
    streamed: isStreamed(source, settings),
    trainExamples: steps.count,
    stepsPerEpoch: steps.count,
    warnings: steps.warnings,
    async step(_epoch, index) {
      const step = await steps.at(index);
      return { microBatches: [step.map((example) => [example])], warnings: [] };
    },
    close: steps.close,
  };
}

interface Steps {
  count: number;
  warnings: string[];
  at(index: number): Promise<Example[]>;
  close: () => Promise<void>;
}

async function inMemory(source: RowSource, settings: DataSettings, reader: StepReader): Promise<Steps> {
  const { steps, warnings } = await readSteps(source, settings, reader);
  return { count: steps.length, warnings, at: (index) => Promise.resolve(steps[index] ?? []), close: () => Promise.resolve() };
}

async function readSteps(
  source: RowSource,
  settings: DataSettings,
  reader: StepReader,
): Promise<{ steps: Example[][]; warnings: string[] }> {
  const problems = new RowProblems(source.name, settings.badRows);
  const steps: Example[][] = [];
  for (const part of source.parts) {
    for await (const rows of part.rows()) {
      for (const row of rows) {
        const read = reader.check(row);
        if (read.ok) steps.push(read.step);
        else problems.add(placeOf(part, row.number), read.problems);
      }
    }
  }
  problems.check();
  const warning = problems.warning();
  if (steps.length === 0) throw new EngineError('DATASET_INVALID', `${source.name} has no row that can be used. ${warning ?? ''}`.trim());
  return { steps, warnings: warning === null ? [] : [warning] };
}

async function onDisk(source: RowSource, settings: DataSettings, reader: StepReader, report: Report): Promise<Steps> {
  const problems = new RowProblems(source.name, settings.badRows);
  const rows = new StoredRows(source, await storeRows(source, reader, problems, report));
  try {
    problems.check();
    // A step cannot be left out later: its number is settled.
    if (problems.count > 0)
      throw new EngineError('DATASET_INVALID', `${problems.warning() ?? ''} Rows of tokens can be skipped only in memory.`);
  } catch (error) {
    await rows.close();
    throw error;
  }
  return {
    count: rows.count,
    warnings: [],
    async at(index) {
      const { row } = await rows.read(index);
      const read = reader.check(row);
      if (read.ok) return read.step;
      throw new EngineError('DATASET_INVALID', `${source.name} has been changed while it was trained on. Start a new run.`);
    },
    close: () => rows.close(),
  };
}

async function validationSteps(settings: DataSettings, reader: StepReader): Promise<Example[][]> {
  if (settings.validationPath === '') return [];
  const location = { path: settings.validationPath, revision: settings.revision, split: 'validation', keyFile: settings.keyFile };
  const source = await openSource(location, Object.values(settings.columns));
  return (await readSteps(source, settings, reader)).steps;
}

/** Tells rows of tokens that are whole from others. */
export function tokenRowReader(columns: DataSettings['columns'], model: ModelLimits): StepReader {
  const schema = tokenStepSchema(model);
  return {
    columns: neededColumns(tokens, columns),
    check(row) {
      if ('problem' in row) return { ok: false, problems: [{ text: row.problem }] };
      const value = mapColumns(row.value, columns);
      const parsed = schema.safeParse(value);
      return parsed.success ? { ok: true, step: parsed.data } : { ok: false, problems: describeIssues(parsed.error.issues, value, tokens) };
    },
  };
}
