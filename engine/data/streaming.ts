import type { TrainingConfig } from '../config.ts';
import type { RowSource } from './source.ts';

/** Text above which `streaming: auto` leaves rows on disk: encoding more of it at the start would take minutes. */
const streamedBytes = 64 * 1024 * 1024;

/** Rows held out at most from a dataset that stays on disk: they are held in memory, and each evaluation goes through all. */
export const mostHeldOut = 2000;

/** Whether the rows of a source stay on disk. */
export const isStreamed = ({ bytes }: Pick<RowSource, 'bytes'>, { streaming }: Pick<TrainingConfig['data'], 'streaming'>): boolean =>
  streaming === 'on' || (streaming === 'auto' && bytes > streamedBytes);
