import { basename, dirname } from 'node:path/posix';
import { EngineError } from '../../errors.ts';
import { isDataFile } from '../data-file.ts';

/** Words for the splits of a dataset, as they stand in file and folder names. */
const splitWords: Record<string, readonly string[]> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'val', 'dev'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};

export interface WantedFiles {
  /** A file or folder; empty for everything. */
  inside: string;
  split: string;
}

/**
 * The files of a dataset that hold a split: those with a word for it in their name, or in that of a folder; all of them where
 * no name has a word for any split and it is `train` that is wanted.
 * @param name of the dataset, for messages
 * @param paths of all its files
 * @throws EngineError `DATASET_NOT_FOUND` where there are none, or it is not clear which
 */
export function chooseFiles(name: string, paths: readonly string[], { inside, split }: WantedFiles): string[] {
  const refuse = (problem: string): never => {
    throw new EngineError('DATASET_NOT_FOUND', `${name} ${problem}`);
  };
  if (inside !== '' && paths.includes(inside)) return [inside];
  const under = inside === '' ? '' : `${inside}/`;
  const all = paths.filter((path) => path.startsWith(under) && isDataFile(basename(path)) && !/(^|\/)\./.test(path)).sort();
  if (all.length === 0) return refuse(`has no data files (.jsonl, .json, .csv, .tsv or .parquet)${inside === '' ? '' : ` at ${inside}`}.`);
  const splitsOf = (path: string) => splitsIn(path.slice(under.length));
  const known = [...new Set(all.flatMap(splitsOf))];
  const chosen = all.filter(
    (path) => splitsOf(path).includes(split) || (known.length === 0 && (split === 'train' || hasWord(path, split))),
  );
  if (chosen.length === 0)
    return refuse(`has no split "${split}"${known.length > 0 ? `; it has ${known.join(', ')}` : ''}. Set data.split.`);
  const folders = [...new Set(chosen.map(dirname))];
  if (folders.length > 1)
    return refuse(`has data in several folders (${some(folders)}): name one, as in hub:owner/name/${folders[0] ?? ''}.`);
  const kinds = [...new Set(chosen.map((path) => /\.(\w+?)(\.gz)?$/.exec(path)?.[1]))];
  if (kinds.length > 1)
    return refuse(
      `has files of several kinds (${some(chosen)}), which may hold the same rows: name one, as in hub:owner/name/${chosen[0] ?? ''}.`,
    );
  return chosen;
}

const some = (names: readonly string[]): string => names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');

/** The splits that a path is of. A shard says its split's whole name: `data/train_sft-00000-of-00002.parquet`. */
function splitsIn(path: string): string[] {
  const shard = /^(.+)-\d{5}-of-\d{5}\b/.exec(basename(path))?.[1];
  const named = Object.entries(splitWords).flatMap(([split, words]) =>
    words.some((word) => (shard === undefined ? hasWord(path, word) : shard === word)) ? [split] : [],
  );
  return shard !== undefined && named.length === 0 ? [shard] : named;
}

/** Whether a path has a word that stands for itself: `train-00000-of-00002`, not `training_wheels` or `constraint`. */
const hasWord = (path: string, word: string): boolean =>
  path
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .includes(word.toLowerCase());
