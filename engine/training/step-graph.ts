import { type GraphAdapter, withoutDropout } from '../adapters/lora.ts';
import { appendGradients } from '../graph/gradient.ts';
import { Graph } from '../graph/graph.ts';
import type { FloatType, Value } from '../graph/types.ts';
import type { TrainingMethod } from '../methods/method.ts';
import { type ContextOptions, forwardContext } from '../models/context.ts';
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
  method: TrainingMethod;
  stored?: ContextOptions['stored'];
  gradientCheckpointing?: ContextOptions['gradientCheckpointing'];
}

export interface StepGraph {
  graph: Graph;
  /** `loss`, what else the method gives, and the gradient of each trainable tensor under `grad:${name}`. */
  outputs: Record<string, Value>;
}

/**
 * Forward pass, loss and, for the trainable tensors, backward pass for micro-batches of one shape.
 *
 * Inputs: `ids` int32 [b · s], and those of the method. Packed rows bring more (see tokenPlaces).
 */
export function buildStepGraph(model: StepModel, shape: StepShape, trainable: readonly string[], dtype: FloatType = 'float32'): StepGraph {
  const { family, config, method } = model;
  const { batch, length } = shape;
  const graph = new Graph();
  const ids = graph.input('ids', 'int32', [batch * length]);
  // Nothing is left out at random where nothing is learned.
  const adapter = model.adapter && trainable.length === 0 ? withoutDropout(model.adapter) : model.adapter;
  const context = forwardContext(graph, family.parameters(config), adapter, dtype, model);
  const { hidden, head } = family.forward(context, config, {
    ids,
    batch,
    length,
    ...tokenPlaces(graph, config, shape, dtype),
  });
  const trained = new Set(trainable);
  const { loss, outputs: measured } = method.loss({ graph, dtype, hidden, head, shape, trained });

  const wanted = graph.weights.filter((weight) => trained.has(weight.name));
  const gradients = trained.size > 0 ? appendGradients(graph, loss, wanted) : [];
  const outputs: Record<string, Value> = { ...measured, loss };
  wanted.forEach((weight, index) => {
    const gradient = gradients[index];
    if (gradient) outputs[`grad:${weight.name}`] = gradient;
  });
  return { graph, outputs };
}
