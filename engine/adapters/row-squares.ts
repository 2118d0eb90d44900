import { Graph } from '../graph/graph.ts';
import { mul } from '../graph/ops/arithmetic.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import { fromHalf, fromInt8, fromNf4, nf4Table } from '../graph/ops/stored-weights.ts';
import type { Value } from '../graph/types.ts';
import { type LoadedModel, weightData } from '../models/load.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { GraphSession } from '../onnx/session.ts';
import { int8Weight, nf4Factors, weightPart } from '../quantization/graph-parts.ts';
import type { StoredWeight } from '../quantization/stored-weight.ts';
import { rowSquares } from './merge.ts';

/** Σ w² of each row of some layers' weights, [out]; where a weight is kept in a smaller form, of what it stands for there. */
export async function layerRowSquares(model: LoadedModel, layers: readonly LinearLayer[]): Promise<Map<string, Float32Array>> {
  const squares = new Map<string, Float32Array>();
  const graph = new Graph();
  const outputs: Record<string, Value> = {};
  for (const layer of layers) {
    const name = `${layer.name}.weight`;
    const [data, stored] = [model.weights.get(name), model.stored?.get(name)];
    if (data) squares.set(layer.name, rowSquares({ ...layer, data }));
    else if (stored) outputs[layer.name] = storedSquares(graph, name, stored);
    else throw new Error(`the model has no weight ${name}`);
  }
  if (Object.keys(outputs).length === 0) return squares;
  const session = await GraphSession.compile(graph, outputs, weightData(model));
  const results = await session.run({});
  for (const name of Object.keys(outputs)) squares.set(name, results.floats(name).slice());
  await session.release();
  return squares;
}

function storedSquares(graph: Graph, name: string, weight: StoredWeight): Value {
  const { storage, products, shape, layout } = weight;
  const part = (key: string): Value => weightPart(graph, name, weight, key);
  const square = (restored: Value, inputAxis: number) => reduceSum(graph, mul(graph, restored, restored), [inputAxis]);
  const inputAxis = layout === 'out-in' ? 1 : 0;
  if (products === 'int8') {
    const { codes, scale } = int8Weight(graph, name, weight);
    return square(fromInt8(graph, codes, scale, 1 - inputAxis), inputAxis);
  }
  if (storage === 'float16' || storage === 'bfloat16') return square(fromHalf(graph, part('half')), inputAxis);
  if (storage === 'int8') return square(fromInt8(graph, part('codes'), part('scale'), 1 - inputAxis), inputAxis);
  return square(fromNf4(graph, part('codes'), nf4Factors(graph, name, weight), nf4Table(graph), shape), inputAxis);
}
