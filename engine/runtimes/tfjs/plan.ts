import type { Node } from '../../graph/graph.ts';
import type { Value } from '../../graph/types.ts';
import { EngineError } from '../../errors.ts';
import { type Kernel, rules } from './operators.ts';
import type { TensorFlow } from './tensorflow.ts';

/** A node with its kernel, and the values that nobody needs any more once it has been computed. */
export interface Step {
  node: Node;
  kernel: Kernel;
  lastUses: readonly Value[];
}

/**
 * Finds the kernel of each node and the end of each value's life.
 * @param nodes primitives, in execution order.
 * @param outputs values that stay.
 * @throws EngineError `CONFIG_INVALID` when an operator has no rule.
 */
export function planSteps(tf: TensorFlow, nodes: readonly Node[], outputs: readonly Value[]): Step[] {
  const seen = new Set<Value>(outputs);
  const steps = nodes.toReversed().map((node): Step => {
    const rule = rules[node.op];
    if (!rule) throw unsupported(node.op);
    const lastUses = [...new Set([...node.inputs, ...node.outputs])].filter((value) => !seen.has(value));
    lastUses.forEach((value) => seen.add(value));
    return { node, kernel: rule(tf, node.attributes), lastUses };
  });
  return steps.reverse();
}

function unsupported(operator: string): EngineError {
  const message = `TensorFlow.js has no rule for the operator ${operator}, which this configuration needs. Set run.runtime to onnx.`;
  return new EngineError('CONFIG_INVALID', message, { issues: [{ path: 'run.runtime', message }] });
}
