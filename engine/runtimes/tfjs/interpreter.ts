import { lowerGraph } from '../../graph/lower.ts';
import type { Graph } from '../../graph/graph.ts';
import { type TensorData, type Value, describe, sameShape } from '../../graph/types.ts';
import { Results } from '../results.ts';
import type { CompiledGraph, Feeds } from '../runtime.ts';
import { planSteps, type Step } from './plan.ts';
import type { Tensor, TensorFlow } from './tensorflow.ts';
import { checked, dataType, download, upload } from './transfer.ts';
import type { WeightStore } from './weight-store.ts';

/**
 * A graph whose nodes TensorFlow.js computes one after the other. A tensor is freed as soon as its last use has passed;
 * literals and weights that do not change stay in memory from run to run.
 */
export class InterpretedGraph implements CompiledGraph {
  readonly inputs: readonly Value[];
  readonly #tf: TensorFlow;
  readonly #store: WeightStore;
  readonly #outputs: readonly (readonly [name: string, value: Value])[];
  readonly #steps: readonly Step[];
  readonly #literals = new Map<Value, Tensor>();
  readonly #frozen = new Map<Value, Tensor>();
  readonly #frozenData: TensorData[] = [];
  /** Weights that are uploaded anew at every run. */
  readonly #changing: (readonly [weight: Value, data: TensorData])[] = [];

  /**
   * @param store where weights are kept that several graphs share.
   * @param outputs what `run` computes, by name.
   * @param weights data of each weight, by name. Those named in `changing` are read at every run, the others once.
   * @throws EngineError `CONFIG_INVALID` when an operator has no rule.
   * @throws Error when a weight is missing, or something is in double precision.
   */
  constructor(
    tf: TensorFlow,
    store: WeightStore,
    graph: Graph,
    outputs: Readonly<Record<string, Value>>,
    weights: ReadonlyMap<string, TensorData>,
    changing: ReadonlySet<string>,
  ) {
    const lowered = lowerGraph(graph, Object.values(outputs));
    const names = Object.keys(outputs);
    this.#tf = tf;
    this.#store = store;
    this.inputs = lowered.graph.inputs;
    this.#outputs = lowered.outputs.map((value, index) => [names[index] ?? value.name, value]);
    for (const value of [...lowered.graph.inputs, ...lowered.graph.weights]) dataType(value);
    this.#steps = planSteps(tf, lowered.graph.nodes, lowered.outputs);
    const bound = lowered.graph.weights.map((weight) => [weight, checked(weight, weights.get(weight.name))] as const);
    for (const { value, data } of lowered.graph.constants) this.#literals.set(value, upload(tf, value, data));
    for (const [weight, data] of bound) {
      if (changing.has(weight.name)) this.#changing.push([weight, data]);
      else this.#hold(weight, data);
    }
  }

  async run(feeds: Feeds, into: Feeds = {}): Promise<Results> {
    const live = new Map<Value, Tensor>();
    try {
      for (const input of this.inputs) live.set(input, upload(this.#tf, input, checked(input, feeds[input.name])));
      for (const [weight, data] of this.#changing) live.set(weight, upload(this.#tf, weight, data));
      for (const step of this.#steps) this.#compute(step, live);
      const results: Record<string, TensorData> = {};
      for (const [name, value] of this.#outputs) results[name] = await download(this.#tensor(value, live), into[name]);
      return new Results(results);
    } finally {
      for (const tensor of live.values()) tensor.dispose();
    }
  }

  release(): Promise<void> {
    for (const tensor of this.#literals.values()) tensor.dispose();
    for (const data of this.#frozenData.splice(0)) this.#store.giveBack(data);
    this.#literals.clear();
    this.#frozen.clear();
    return Promise.resolve();
  }

  #hold(weight: Value, data: TensorData): void {
    const tensor = this.#store.take(data, () => upload(this.#tf, weight, data));
    this.#frozen.set(weight, tensor);
    this.#frozenData.push(data);
  }

  #compute({ node, kernel, lastUses }: Step, live: Map<Value, Tensor>): void {
    const inputs = node.inputs.map((value) => this.#tensor(value, live));
    const made = this.#tf.tidy(() => [kernel(inputs)].flat().map((tensor) => (inputs.includes(tensor) ? tensor.clone() : tensor)));
    node.outputs.forEach((value, index) => {
      const tensor = made[index];
      if (tensor) live.set(value, tensor);
      if (tensor?.dtype !== dataType(value) || !sameShape(tensor.shape, value.shape))
        throw new Error(
          `${node.op} gave ${tensor ? `${tensor.dtype}[${tensor.shape.join(', ')}]` : 'nothing'} in place of ${describe(value)}`,
        );
    });
    for (const value of lastUses) {
      live.get(value)?.dispose();
      live.delete(value);
    }
  }

  #tensor(value: Value, live: ReadonlyMap<Value, Tensor>): Tensor {
    const tensor = live.get(value) ?? this.#frozen.get(value) ?? this.#literals.get(value);
    if (!tensor) throw new Error(`${value.name} ${describe(value)} is used before it is made`);
    return tensor;
  }
}
