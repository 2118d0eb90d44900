import type { Graph, GradientCall, Node, Contribution } from './graph.ts';
import type { TensorType, Value } from './types.ts';

type EmitCall<A> =
  Parameters<NonNullable<Node['emit']>> extends [infer E, infer I, infer O, infer N]
    ? (emitter: E, inputs: I, outputs: O, attributes: A, node: N) => void
    : never;

/** What an operator is. Exactly one of `emit` (a primitive: one ONNX node) and `lower` (a composite) is given. */
export interface OpDefinition<A> {
  /** Types of the outputs; throws a RangeError that names the operator when the inputs do not fit. */
  infer: (inputs: readonly Value[], attributes: A) => readonly TensorType[];
  emit?: EmitCall<A>;
  lower?: (graph: Graph, inputs: readonly Value[], attributes: A) => readonly Value[];
  /**
   * Gradients of the inputs from those of the outputs. Left out: a primitive has none, a composite is differentiated
   * through its lowering.
   */
  gradient?: (graph: Graph, call: GradientCall & { attributes: A }) => readonly (Contribution | undefined)[];
  /** It takes so little time that the backward pass computes it again rather than that its results are kept. */
  recompute?: boolean;
}

export type Op<A> = (graph: Graph, inputs: readonly Value[], attributes: A) => readonly Value[];

const operators = new Set<string>();

/** The names of all operators that were defined: the tests walk them, so that none goes unchecked. */
export const operatorNames = (): readonly string[] => [...operators].sort();

/** Enters an operator into the table and gives the function that applies it to values. */
export function defineOp<A = undefined>(name: string, definition: OpDefinition<A>): Op<A> {
  if (operators.has(name)) throw new Error(`operator ${name} is defined twice`);
  operators.add(name);
  const { infer, emit, lower, gradient, recompute } = definition;
  return (graph, inputs, attributes) => {
    if (lower && !gradient) return lower(graph, inputs, attributes);
    return graph.append(
      {
        op: name,
        inputs,
        attributes,
        emit: emit && ((emitter, names, outputs, node) => emit(emitter, names, outputs, attributes, node)),
        lower: lower && ((target, values) => lower(target, values, attributes)),
        gradient: gradient && ((target, call) => gradient(target, { ...call, attributes })),
        recompute,
      },
      infer(inputs, attributes),
    );
  };
}
