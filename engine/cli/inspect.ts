import { Command, InvalidArgumentError } from 'commander';
import { parseTrainingConfig } from '../config.ts';
import type { DatasetInspection } from '../data/inspect-dataset.ts';
import { inCount } from './in-words.ts';
import { numberIn } from './numbers.ts';

interface Options {
  model: string;
  format: string;
  column?: Record<string, string>;
  maxLength?: number;
  rows: number;
  json?: boolean;
}

export function inspectCommand(): Command {
  const whole = { least: 1, whole: true };
  return new Command('inspect')
    .description('Reads the beginning of a dataset as training would, and says what it is.')
    .argument('<dataset>', 'a file, a folder of files, hub:owner/name, or "bundled"')
    .option('--model <folder>', 'model whose tokenizer is used', 'bundled')
    .option('--format <name>', 'how a row is read, as data.format in a configuration', 'auto')
    .option('--column <field=name>', 'where a field of the format is found; may be repeated', column)
    .option('--max-length <n>', 'tokens of an example at most', numberIn(whole))
    .option('--rows <n>', 'rows that are looked at', numberIn(whole), 1000)
    .option('--json', 'print JSON')
    .action(async (path: string, { model, format, column: columns, maxLength, rows, json }: Options) => {
      const { data } = parseTrainingConfig({ data: { path, format, columns, maxLength } });
      const { inspectDataset } = await import('../data/inspect-dataset.ts');
      const { dataLocation, resolveModelFolder } = await import('../bundled/bundled.ts');
      const { loadTokenizer } = await import('../tokenizer/tokenizer.ts');
      const found = await inspectDataset(data, await loadTokenizer(resolveModelFolder(model)), rows, dataLocation(data));
      console.log(json ? JSON.stringify(found, null, 2) : inWords(found, rows));
    });
}

function column(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [field = '', name = ''] = text.split(/=(.*)/s);
  if (field === '' || name === '') throw new InvalidArgumentError('Write it as field=name, such as instruction=question.');
  return { ...before, [field]: name };
}

function inWords({ format, skipped, warnings, examples, tokens, targetTokens, longest, preview }: DatasetInspection, rows: number): string {
  if (format === 'tokens')
    return 'Format      tokens: each row is one optimizer step. Rows are checked against the model when a run starts.';
  return [
    `Format      ${format}`,
    `Examples    ${inCount(examples)} in the first ${inCount(rows)} rows${skipped > 0 ? `, ${inCount(skipped)} skipped` : ''}`,
    `Tokens      ${inCount(tokens)}, of which ${inCount(targetTokens)} are learned; ${inCount(longest)} in the longest example`,
    ...warnings.map((warning) => `Warning: ${warning}`),
    '',
    'The first example as the model sees it:',
    preview,
  ].join('\n');
}
