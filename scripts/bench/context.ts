import type { Finding, MeasureSpec } from './measure.ts';
import type { Options, PartName } from './options.ts';
import type { SideRun } from './side.ts';
import type { Turns } from './turns.ts';
import type { Variant } from './variants.ts';
import type { Peer } from './virtual-environment.ts';
import type { Work } from './work.ts';

/** What the measures are taken with. */
export interface Context {
  options: Options;
  peer: Peer;
  /** Folder of models and batches that are kept. */
  cache: string;
  say: (line: string) => void;
  /** Is told of each run of a side. */
  observe: (run: SideRun) => void;
  /** What several parts look at: both sides did the same work, in turn. */
  shared: () => Promise<{ work: Work; turns: Turns }>;
}

/** A file of `measures`: one or a few measures that belong together. */
export interface Part {
  name: PartName;
  /** All that it gives, for when it fails. */
  specs: readonly MeasureSpec[];
  /** Those that it looks at in the shared work. */
  variants?: readonly Variant[];
  measure(context: Context): Promise<Finding[]>;
}
