import { describe, expect, it } from 'vitest';
import { StopStrings } from './stop-strings.ts';

function run(stops: string[], pieces: string[]): string {
  const filter = new StopStrings(stops);
  return pieces.map((piece) => filter.push(piece)).join('') + filter.end();
}

describe('StopStrings', () => {
  const text = 'let a = 1;\n\nlet b = 2;\n### end';

  it('cuts at the first stop string, wherever the pieces are cut', () => {
    for (let size = 1; size <= text.length; size++) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      expect(run(['\n###', '\n\n'], pieces)).toBe('let a = 1;');
      expect(run(['###'], pieces)).toBe('let a = 1;\n\nlet b = 2;\n');
      expect(run(['never', '\n### endless'], pieces)).toBe(text);
      expect(run([], pieces)).toBe(text);
    }
  });

  it('takes no empty stop string', () => {
    expect(run([''], ['abc'])).toBe('abc');
  });
});
