import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('ends before Node does when its memory is full, and not for garbage', () => {
  const source = `
    import { checkHeap } from '${new URL('check-heap.ts', import.meta.url).href}';
    for (let round = 0; round < 60_000; round++) {
      Array.from({ length: 50 }, (_, index) => ({ index }));
      if (round % 64 === 0) checkHeap('Garbage', round);
    }
    const kept = [];
    try {
      for (;;) {
        kept.push(Array.from({ length: 64 }, (_, row) => ({ row })));
        checkHeap('rows.jsonl', 64 * kept.length);
      }
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  const program = ['--max-old-space-size=60', '--import', 'tsx', '--input-type=module', '-e', source];
  const { stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^OUT_OF_MEMORY rows\.jsonl is too large .* after [\d,]+ rows\. Leave it on disk \(data\.streaming: on\)/);
});
