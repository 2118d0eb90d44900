import type { Random } from './random.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** One call and what it must give. Values are JSON: no `undefined`, no `NaN`, no functions. */
export interface Test {
  args: Json[];
  expected: Json;
}

/** One function of the corpus: what it is called, what is said about it, its code, and calls that prove it. */
export interface Item {
  family: string;
  /** The combination of meanings, without constants and wording, e.g. `numbers|even|square|sum`. The unit of the held-out split. */
  structure: string;
  name: string;
  parameters: string[];
  /** Different wordings of what the function returns, to stand after "returns": a noun phrase, or "whether ...". */
  descriptions: string[];
  /** The whole function declaration, up to its closing brace, without a newline at the end. */
  code: string;
  /** Computed by a reference in TypeScript, never by running `code`, so that they verify it. */
  tests: Test[];
}

/** What a family says about one function; {@link buildItem} makes the item of it. */
export interface Sketch {
  /** Camel case; derived from the meaning. */
  name: string;
  parameters: string[];
  /** Draws one wording. Called several times. */
  describe: () => string;
  /** The lines inside the braces, indented by two spaces. */
  body: string[];
  /** Draws one test; made with {@link testing}. */
  test: () => Test | undefined;
}

/** One combination of meanings. Each call draws constants, a name, parameter names and wordings anew. */
export interface Structure {
  key: string;
  sketch: (random: Random) => Sketch;
}

/** A kind of function: all structures that share one shape of code. */
export interface Family {
  id: string;
  /** How often the corpus draws from it, relative to other families. */
  weight: number;
  /** Whether some of its structures are held out. Families of classics that share no pieces are always learned whole. */
  compositional: boolean;
  structures: Structure[];
}

/** As many as a document shows at most, with one to spare. */
const fewTests = 3;
const attempts = 60;
/** Some structures give different results only for rare constants. */
const mostDraws = 1000;

/**
 * A test drawn from arguments and a reference implementation. Gives `undefined` where the result is no plain JSON value
 * (`NaN`, an infinity, `undefined`), so that the caller draws again.
 */
export function testing<Args extends [] | Json[]>(
  draw: () => Args,
  reference: (...args: Args) => Json | undefined,
): () => Test | undefined {
  return () => {
    const args = draw();
    const copy: Json[] = structuredClone(args);
    const expected = reference(...args);
    return expected !== undefined && isPlain(expected) ? { args: copy, expected: normalize(expected) } : undefined;
  };
}

/**
 * Draws constants and wordings until they allow enough tests (an average of nothing is no number, for example).
 * @param testCount How many tests to aim for; at least three, not all with the same result.
 * @throws Error when a structure never does: a fault of its family.
 */
export function buildItem(family: string, structure: Structure, random: Random, testCount = fewTests): Item {
  for (let draw = 0; draw < mostDraws; draw += 1) {
    const sketch = structure.sketch(random);
    const tests = drawTests(sketch, testCount);
    if (tests.length < fewTests || new Set(tests.map(({ expected }) => JSON.stringify(expected))).size < 2) continue;
    const descriptions = [...new Set([sketch.describe(), sketch.describe(), sketch.describe(), sketch.describe()])];
    const code = [`function ${sketch.name}(${sketch.parameters.join(', ')}) {`, ...sketch.body.map((line) => `  ${line}`), '}'].join('\n');
    return { family, structure: structure.key, name: sketch.name, parameters: sketch.parameters, descriptions, code, tests };
  }
  throw new Error(`${structure.key}: its arguments hardly ever give a result`);
}

function drawTests(sketch: Sketch, count: number): Test[] {
  const tests: Test[] = [];
  const calls = new Set<string>();
  const results = new Map<string, number>();
  for (let attempt = 0; attempt < attempts && tests.length < count; attempt += 1) {
    const test = sketch.test();
    if (!test) continue;
    const call = JSON.stringify(test.args);
    const result = JSON.stringify(test.expected);
    const repeats = results.get(result) ?? 0;
    // A result that keeps coming (`false`, an empty list) says little: at first only new ones are taken.
    if (calls.has(call) || (repeats >= count / 4 && attempt < attempts / 2)) continue;
    calls.add(call);
    results.set(result, repeats + 1);
    tests.push(test);
  }
  return tests;
}

function isPlain(value: Json | undefined): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (value === null || typeof value !== 'object') return value !== undefined;
  return Object.values(value).every(isPlain);
}

/** As the value comes out of JSON: `-0` is `0`. */
function normalize(value: Json): Json {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(normalize);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, normalize(entry)]));
}
