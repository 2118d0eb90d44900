import type { Graph } from '../graph/graph.ts';
import { add, div } from '../graph/ops/arithmetic.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import { fromInt8, nf4Block, nf4Table, nf4ToInt8 } from '../graph/ops/stored-weights.ts';
import { elements, type Value } from '../graph/types.ts';
import { partName, type StoredWeight } from './stored-weight.ts';

/** A part of a stored weight in a graph. */
export function weightPart(graph: Graph, name: string, { tensors }: StoredWeight, part: string): Value {
  const tensor = tensors[part];
  if (!tensor) throw new Error(`${name} is kept without ${part}`);
  return graph.weight(partName(name, part), tensor.dtype, tensor.shape);
}

/**
 * The factors of the blocks of a weight in NF4, [n / 64]. Doubly quantised ones are brought back where they are used, forward and
 * backward: kept in between they would take what they save.
 */
export function nf4Factors(graph: Graph, name: string, weight: StoredWeight): Value {
  if (weight.tensors.scale) return weightPart(graph, name, weight, 'scale');
  const [codes, scale, mean] = ['factors', 'factorScale', 'factorMean'].map((part) => weightPart(graph, name, weight, part));
  if (!codes || !scale || !mean) throw new Error(`${name} is kept without factors`);
  return graph.recomputed(() => {
    const whole = reshape(graph, fromInt8(graph, codes, scale, 0), [elements(codes.shape)]);
    const count = elements(weight.shape) / nf4Block;
    const factors = count < elements(codes.shape) ? slice(graph, whole, 0, 0, count) : whole;
    return add(graph, factors, mean);
  });
}

/**
 * A weight for int8 products: its codes, as it is laid out, and the factor of each output. One in NF4 becomes int8 where it is used,
 * forward and backward: its levels times the factors of their blocks, rounded once more.
 */
export function int8Weight(
  graph: Graph,
  name: string,
  weight: StoredWeight,
): { codes: Value; scale: Value; layout: StoredWeight['layout'] } {
  const { storage, shape, layout } = weight;
  const part = (key: string): Value => weightPart(graph, name, weight, key);
  if (storage !== 'nf4') return { codes: part('codes'), scale: part('scale'), layout };
  const [scale, [outputs = 0]] = [part('outputScale'), shape];
  const codes = graph.recomputed(() => {
    const byOutput = reshape(graph, nf4Factors(graph, name, weight), [outputs, elements(shape) / nf4Block / outputs]);
    const steps = reshape(graph, div(graph, byOutput, reshape(graph, scale, [outputs, 1])), [elements(shape) / nf4Block]);
    return nf4ToInt8(graph, part('codes'), steps, nf4Table(graph), shape);
  });
  return { codes, scale, layout };
}
