/** A seeded source of random numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform whole number in [low, high], both included. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One element; the list must not be empty. */
  pick<T>(list: readonly T[]): T;
  /** One element, drawn in proportion to its weight. */
  weighted<T>(list: readonly T[], weight: (element: T) => number): T;
  /** A new list in random order. */
  shuffled<T>(list: readonly T[]): T[];
}

/** sfc32 (Doty-Humphrey, PractRand), 128 bits of state, spread from the seed by its own first rounds. */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88;
  let c = 0xb7e15162 ^ Math.floor(seed / 4294967296);
  let d = 1;
  const next = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t;
    return (t >>> 0) / 4294967296;
  };
  for (let round = 0; round < 15; round += 1) next();

  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(list: readonly T[]): T => {
    const element = list[integer(0, list.length - 1)];
    if (element === undefined) throw new Error('random.pick: the list is empty or has a hole');
    return element;
  };
  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick,
    weighted: (list, weight) => {
      const total = list.reduce((sum, element) => sum + weight(element), 0);
      let left = next() * total;
      for (const element of list) {
        left -= weight(element);
        if (left < 0) return element;
      }
      return pick(list);
    },
    shuffled: (list) =>
      list
        .map((element) => ({ element, order: next() }))
        .sort((left, right) => left.order - right.order)
        .map(({ element }) => element),
  };
}

/** FNV-1a, 32 bits, with a final mix: a stable number for a text, the same in every run. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
