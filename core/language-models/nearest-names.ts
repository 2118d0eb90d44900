/** Letters to change, put in, take out or swap with their neighbour to make one text of another (Damerau 1964, restricted). */
function distance(from: string, to: string): number {
  let [before, previous] = [[] as number[], Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      const isSwapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + cost,
        isSwapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, previous] = [previous, current];
  }
  return previous[to.length] ?? 0;
}

/** Names that somebody may have meant, the likeliest first: those that hold the word, or are a few letters away from it. */
export function nearestNames(word: string, names: readonly string[], most = 3): string[] {
  const wanted = word.toLowerCase().slice(0, 200);
  const allowed = Math.max(2, Math.ceil(wanted.length / 3));
  return names
    .map((name) => {
      const known = name.toLowerCase();
      const isPart = wanted.length > 2 && (known.includes(wanted) || wanted.includes(known));
      return { name, steps: isPart ? 1 : distance(wanted, known) };
    })
    .filter(({ steps }) => steps <= allowed)
    .sort((a, b) => a.steps - b.steps || a.name.localeCompare(b.name))
    .slice(0, most)
    .map(({ name }) => name);
}
