import v8 from 'node:v8';
import vm from 'node:vm';
import { EngineError } from '../errors.ts';
import { inGibibytes } from '../plan/advice.ts';

/**
 * Share of the memory that Node allows itself (its heap) above which it is time to stop: from 0.8 on Node may end the process, when
 * collecting garbage frees too little.
 */
const most = 0.75;
/** What is there for new objects beside it, bytes. */
const young = 48 * 2 ** 20;
/** Garbage is collected for this look again when so much more is in use than was left the last time. */
const growth = 0.03;
let left = 0;

/**
 * Looks whether there is room for more rows in memory.
 * @param source what is read @param rows that are in memory
 * @throws EngineError `OUT_OF_MEMORY` saying what to do
 */
export function checkHeap(source: string, rows: number): void {
  if (usedShare() < Math.max(most, left + growth)) return;
  // What nobody needs any more may fill it as well.
  collectGarbage();
  left = usedShare();
  if (left < most) return;
  const limit = inGibibytes(v8.getHeapStatistics().heap_size_limit);
  throw new EngineError(
    'OUT_OF_MEMORY',
    `${source} is too large to be held in memory: the ${limit} that Node allows itself are full after ${rows.toLocaleString('en-US')} rows. Leave it on disk (data.streaming: on), or allow more (NODE_OPTIONS=--max-old-space-size, in megabytes).`,
    { issues: [{ path: 'data.streaming', message: 'The dataset does not fit into memory; set it to on.' }] },
  );
}

function usedShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = v8.getHeapStatistics();
  return used / Math.max(1, limit - young);
}

/** Node does so by itself, but later. */
function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  const collect: unknown = vm.runInNewContext('gc');
  if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
}
