import { performance } from 'node:perf_hooks';
import type { Json, JsonSchema } from '../kit/plugin.ts';

/** Comparisons for one value: a schema that comes from a plugin may be made to take for ever. */
const mostSteps = 2_000_000;
/** All of them together, as steps are not alike. Milliseconds. */
const longestTime = 2000;
/** Steps between two looks at the clock. */
const stepsALook = 1000;
/** Characters that are compared in one step. */
const charactersAStep = 64;
/** Of what is shown in a message. Characters. */
const longestShown = 100;

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: Json | undefined): value is Json[] => Array.isArray(value);

/**
 * What is wrong with a value by a JSON Schema that a plugin gave; undefined: nothing. Types, properties, items, choices, constants, bounds
 * and references are looked at; patterns and formats are not, for a pattern can be made to run for ever.
 * @throws Error where the schema cannot be followed, or comparing would take too long
 */
export function mismatch(schema: JsonSchema, value: Json): string | undefined {
  return new Comparison(schema).check(schema, value, '');
}

class Comparison {
  readonly #root: JsonSchema;
  readonly #targets = new Map<string, Json>();
  readonly #deadline = performance.now() + longestTime;
  #steps = 0;
  #nextLook = stepsALook;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  check(schema: Json, value: Json, path: string, depth = 0): string | undefined {
    this.#charge(1);
    if (depth > 500) throw tooComplicated();
    if (schema === false) return `${place(path)} must not be there`;
    if (!isObject(schema)) return undefined;
    const wrong = this.#checkReference(schema, value, path, depth) ?? this.#checkValue(schema, value, path);
    if (wrong !== undefined) return wrong;
    if (isList(value)) return this.#checkItems(schema, value, path, depth) ?? this.#checkChoices(schema, value, path, depth);
    if (isObject(value)) return this.#checkProperties(schema, value, path, depth) ?? this.#checkChoices(schema, value, path, depth);
    return this.#checkChoices(schema, value, path, depth);
  }

  /** Pays for work before it is done. */
  #charge(steps: number): void {
    this.#steps += steps;
    if (this.#steps > mostSteps) throw tooComplicated();
    if (this.#steps < this.#nextLook) return;
    this.#nextLook = this.#steps + stepsALook;
    if (performance.now() > this.#deadline) throw tooComplicated();
  }

  #checkReference({ $ref }: Record<string, Json>, value: Json, path: string, depth: number): string | undefined {
    if (typeof $ref !== 'string') return undefined;
    this.#charge($ref.length / charactersAStep);
    return this.check(this.#targets.get($ref) ?? this.#find($ref), value, path, depth + 1);
  }

  #find($ref: string): Json {
    this.#charge($ref.length);
    let target: Json | undefined = this.#root;
    for (const part of $ref.replace(/^#\/?/, '').split('/').filter(Boolean)) {
      const name: string = part.replaceAll('~1', '/').replaceAll('~0', '~');
      target = isObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
    }
    if (target === undefined) throw new Error(`its output schema names ${shown($ref)}, which is not there`);
    this.#targets.set($ref, target);
    return target;
  }

  #checkChoices(schema: Record<string, Json>, value: Json, path: string, depth: number): string | undefined {
    const { anyOf, oneOf, allOf } = schema;
    for (const part of isList(allOf) ? allOf : []) {
      const wrong = this.check(part, value, path, depth + 1);
      if (wrong !== undefined) return wrong;
    }
    for (const choices of [anyOf, oneOf]) {
      if (isList(choices) && choices.every((choice) => this.check(choice, value, path, depth + 1) !== undefined)) {
        return `${place(path)} fits none of the ${choices.length} choices`;
      }
    }
    return undefined;
  }

  #checkItems(schema: Record<string, Json>, value: Json[], path: string, depth: number): string | undefined {
    const { items, prefixItems, minItems, maxItems } = schema;
    if (typeof minItems === 'number' && value.length < minItems) return `${place(path)} has ${value.length} items, fewer than ${minItems}`;
    if (typeof maxItems === 'number' && value.length > maxItems) return `${place(path)} has ${value.length} items, more than ${maxItems}`;
    const first = isList(prefixItems) ? prefixItems : [];
    for (const [index, item] of value.entries()) {
      const wrong = this.check(first[index] ?? items ?? true, item, `${path}.${index}`, depth + 1);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #checkProperties(schema: Record<string, Json>, value: Record<string, Json>, path: string, depth: number): string | undefined {
    const properties = isObject(schema.properties) ? schema.properties : {};
    const required = isList(schema.required) ? schema.required : [];
    this.#charge(required.length);
    for (const name of required) {
      if (typeof name === 'string' && !Object.hasOwn(value, name)) return `${place(below(path, name))} is missing`;
    }
    for (const name in value) {
      const known = Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties;
      const wrong = this.check(known ?? true, value[name] ?? null, below(path, name), depth + 1);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  #checkValue(schema: Record<string, Json>, value: Json, path: string): string | undefined {
    const types = isList(schema.type) ? schema.type : typeof schema.type === 'string' ? [schema.type] : [];
    const actual = typeOf(value);
    this.#charge(types.length);
    const fits = (wanted: Json): boolean => wanted === actual || (wanted === 'integer' && Number.isInteger(value));
    if (types.length > 0 && !types.some(fits)) {
      const wanted = types.slice(0, 7).map((type) => (typeof type === 'string' ? type.slice(0, 20) : 'something else'));
      return `${place(path)} is of type ${actual}, and has to be ${wanted.join(' or ')}`;
    }
    if (schema.const !== undefined && !this.#isSame(schema.const, value)) return `${place(path)} has to be ${shown(schema.const)}`;
    if (isList(schema.enum) && !schema.enum.some((choice) => this.#isSame(choice, value)))
      return `${place(path)} is none of the values that are allowed`;
    if (typeof value === 'number') return checkNumber(schema, value, path);
    if (typeof value === 'string') {
      const { minLength, maxLength } = schema;
      if (typeof minLength === 'number' && value.length < minLength) return `${place(path)} is shorter than ${minLength}`;
      if (typeof maxLength === 'number' && value.length > maxLength) return `${place(path)} is longer than ${maxLength}`;
    }
    return undefined;
  }

  /** Whether two values are equal; what is cheap to tell apart is told first. */
  #isSame(left: Json, right: Json): boolean {
    this.#charge(1);
    if (typeof left === 'string' && typeof right === 'string') {
      if (left.length !== right.length) return false;
      this.#charge(left.length / charactersAStep);
      return left === right;
    }
    if (isList(left))
      return isList(right) && left.length === right.length && left.every((item, at) => this.#isSame(item, right[at] ?? null));
    if (!isObject(left)) return left === right;
    if (!isObject(right)) return false;
    let more = 0;
    for (const name in left) {
      if (!Object.hasOwn(right, name) || !this.#isSame(left[name] ?? null, right[name] ?? null)) return false;
      more += 1;
    }
    for (const name in right) {
      this.#charge(1);
      more -= Object.hasOwn(right, name) ? 1 : 0;
      if (more < 0) return false;
    }
    return true;
  }
}

const tooComplicated = (): Error => new Error('its output schema is too complicated to compare with');

const typeOf = (value: Json): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

function checkNumber(schema: Record<string, Json>, value: number, path: string): string | undefined {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const isOut =
    (typeof minimum === 'number' && value < minimum) ||
    (typeof maximum === 'number' && value > maximum) ||
    (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) ||
    (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum);
  return isOut ? `${place(path)} is ${value}, out of bounds` : undefined;
}

function shown(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, longestShown));
  return typeof value === 'object' && value !== null ? 'another value' : String(value);
}

const below = (path: string, name: string): string => `${path}.${name.slice(0, longestShown)}`;

const place = (path: string): string => (path === '' ? 'the answer' : path.slice(1));
