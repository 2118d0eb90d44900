import { appendGradients } from '../graph/gradient.ts';
import { Graph } from '../graph/graph.ts';
import { pickRows } from '../graph/ops/indexing.ts';
import { linearCrossEntropy } from '../graph/ops/linear-cross-entropy.ts';
import type { FloatType, Value } from '../graph/types.ts';
import { forwardContext, type GraphAdapter } from '../models/context.ts';
import type { ModelFamily } from '../models/family.ts';
import type { ModelConfig } from '../models/model-config.ts';
import { type RowShape, tokenPlaces } from './token-places.ts';

export interface StepShape extends RowShape {
  /** Room for target positions. */
  targets: number;
}

export interface StepModel {
  family: ModelFamily;
  config: ModelConfig;
  adapter?: GraphAdapter;
}

export interface StepGraph {
  graph: Graph;
  /** `loss`, and the gradient of each trainable tensor under `grad:${name}`. */
  outputs: Record<string, Value>;
}

/** About this many logits (rows × vocabulary) exist at the same time: 64 MiB in single precision. */
const logitsAtOnce = 1 << 24;

/**
 * Forward pass, loss and, for the trainable tensors, backward pass for micro-batches of one shape.
 *
 * Inputs: `ids` int32 [b · s]; `rows` int32 [t], the positions that predict a target; `places` int32 [b · s], the way
 * back (see pickRows); `labels` int32 [t]; `weights` [t], what each target counts. Packed rows bring more (see
 * tokenPlaces).
 */
export function buildStepGraph(model: StepModel, shape: StepShape, trainable: readonly string[], dtype: FloatType = 'float32'): StepGraph {
  const { family, config } = model;
  const { batch, length, targets } = shape;
  const graph = new Graph();
  const parameters = family.parameters(config);

  const ids = graph.input('ids', 'int32', [batch * length]);
  const rows = graph.input('rows', 'int32', [targets]);
  const places = graph.input('places', 'int32', [batch * length]);
  const labels = graph.input('labels', 'int32', [targets]);
  const weights = graph.input('weights', dtype, [targets]);

  const context = forwardContext(graph, parameters, model.adapter, dtype);
  const { hidden, head } = family.forward(context, config, {
    ids,
    batch,
    length,
    ...tokenPlaces(graph, config, shape, dtype),
  });
  const trained = new Set(trainable);
  const loss = linearCrossEntropy(graph, pickRows(graph, hidden, rows, places), head, labels, weights, {
    chunk: Math.max(32, Math.floor(logitsAtOnce / config.vocabularySize)),
    trainHead: trained.has(head.name),
    backward: trained.size > 0,
  });

  const wanted = graph.weights.filter((weight) => trained.has(weight.name));
  const gradients = trained.size > 0 ? appendGradients(graph, loss, wanted) : [];
  const outputs: Record<string, Value> = { loss };
  wanted.forEach((weight, index) => {
    const gradient = gradients[index];
    if (gradient) outputs[`grad:${weight.name}`] = gradient;
  });
  return { graph, outputs };
}
