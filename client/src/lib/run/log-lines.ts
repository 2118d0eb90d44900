export interface LogLine {
  sequence: number;
  time: string;
  step: number;
  level: 'INFO' | 'WARN' | 'ERROR';
  message: string;
}

/** Joins lines in the order of their sequence, each once: a page of earlier lines, or lines that were just written. */
export function joinLines(lines: readonly LogLine[], more: readonly LogLine[]): LogLine[] {
  const last = lines.at(-1);
  const first = more[0];
  // The usual case while a run goes, without sorting everything again.
  if (more.length === 1 && first && (!last || first.sequence > last.sequence)) return [...lines, first];
  const bySequence = new Map([...lines, ...more].map((line) => [line.sequence, line]));
  return [...bySequence.values()].sort((a, b) => a.sequence - b.sequence);
}
