import type { DataType, TensorData } from '../../graph/types.ts';
import { int } from '../../onnx/emitter.ts';
import type { RecordedLiteral, RecordedNode, Recording } from './record.ts';
import { type DimensionName, type Expression, readExpression } from './sizes.ts';

/** A graph whose open sizes are computed from the shapes of its inputs. */
export interface SymbolicGraph {
  nodes: RecordedNode[];
  literals: RecordedLiteral[];
}

/** Where the open sizes are found: the axis of an input. The total is the sum of the two others. */
const sources: Partial<Record<DimensionName, { input: string; axis: number }>> = {
  batch: { input: 'input_ids', axis: 0 },
  length: { input: 'input_ids', axis: 1 },
  past: { input: 'past_key_values.0.key', axis: 2 },
};

/**
 * Compares two recordings of a graph that were made with different stand-ins for its open sizes: what they have in common
 * stays, numbers that differ are replaced by nodes that compute them.
 * @throws Error where the graphs differ in more than shapes
 */
export function makeSymbolic([one, other]: readonly [Recording, Recording]): SymbolicGraph {
  const same = (what: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${what} depends on the sizes of a graph that leaves them open`);
  };
  same('what is computed', one.nodes, other.nodes);
  one.constants.forEach(({ value, data }, index) => {
    const twin = other.constants[index];
    same(`the constant ${value.name}`, value.shape, twin?.value.shape);
    if (!twin || data.some((element, place) => element !== twin.data[place]))
      throw new Error(`the constant ${value.name} depends on sizes`);
  });
  const sizes = new SizeNodes();
  const renamed = new Map<string, string>();
  one.literals.forEach((literal, index) => {
    const twin = other.literals[index];
    same(`the literal ${literal.name}`, literal.shape, twin?.shape);
    renamed.set(literal.name, sizes.literal(literal, twin?.data ?? literal.data));
  });
  const nodes = one.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => renamed.get(name) ?? name) }));
  return { nodes: [...sizes.nodes, ...nodes], literals: sizes.literals };
}

/** Collects nodes that compute sizes, each once. */
class SizeNodes {
  readonly nodes: RecordedNode[] = [];
  readonly literals: RecordedLiteral[] = [];
  readonly #known = new Map<string, string>();

  /** The name of a tensor with the literal's value: a constant, or computed where the two graphs differ. */
  literal({ data, dtype, shape }: RecordedLiteral, other: TensorData): string {
    const numbers = Array.from(data, Number);
    const twins = Array.from(other, Number);
    if (numbers.every((number, index) => Object.is(number, twins[index]))) return this.#constant(data, dtype, shape);
    if (dtype !== 'int64' || shape.length > 1) throw new Error(`a ${dtype} literal depends on the sizes of a graph that leaves them open`);
    const parts = numbers.map((number, index) => this.#expression(readExpression([number, twins[index] ?? NaN])));
    const [only = ''] = parts;
    if (shape.length === 0) return this.#node('Squeeze', [only]);
    return parts.length === 1 ? only : this.#node('Concat', parts, { axis: int(0) });
  }

  /** An int64 tensor of one element. */
  #expression({ factor, dimensions }: Expression): string {
    const sizes = dimensions.map((name) => this.#dimension(name));
    const [first, ...others] = factor === 1 && sizes.length > 0 ? sizes : [this.#number(factor), ...sizes];
    return others.reduce((product, size) => this.#node('Mul', [product, size]), first ?? '');
  }

  #dimension(name: DimensionName): string {
    const source = sources[name];
    if (!source) return this.#node('Add', [this.#dimension('past'), this.#dimension('length')]);
    return this.#node('Shape', [source.input], { start: int(source.axis), end: int(source.axis + 1) });
  }

  #number(value: number): string {
    return this.#constant(BigInt64Array.of(BigInt(value)), 'int64', [1]);
  }

  #constant(data: TensorData, dtype: DataType, shape: readonly number[]): string {
    return this.#once(`${dtype} [${shape.join()}] ${data.join()}`, (name) => this.literals.push({ name, data, dtype, shape }));
  }

  #node(type: string, inputs: readonly string[], attributes: RecordedNode['attributes'] = {}): string {
    const key = `${type} ${inputs.join()} ${JSON.stringify(attributes)}`;
    return this.#once(key, (name) => this.nodes.push({ type, inputs, outputs: [name], attributes, domain: '' }));
  }

  #once(key: string, add: (name: string) => void): string {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const name = `size_${this.#known.size}`;
    this.#known.set(key, name);
    add(name);
    return name;
  }
}
