import { EngineError } from '../errors.ts';
import { sameShape } from '../graph/types.ts';
import type { LoadedModel } from '../models/load.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { type AdapterTensor, type GraphAdapter, loraScale, magnitudeVector, matrixA, matrixB } from './lora.ts';
import { type LowRankUpdate, stretches } from './merge.ts';
import { type LoadedAdapter, loadAdapter, nameInModel, partOf } from './peft.ts';
import { type AdapterConfig, broken } from './peft-config.ts';
import { embeddingName, outputProjection, scoreHead } from './whole-modules.ts';

type BaseModel = Pick<LoadedModel, 'family' | 'config'>;

/** An adapter that was found to fit a model. */
export interface OpenedAdapter {
  config: AdapterConfig;
  /** What happens to the weights of the linear layers, by the layers' names: `mergeInto` does it. */
  updates: ReadonlyMap<string, LowRankUpdate & LinearLayer>;
  /** Whole tensors that take the place of the model's own, by their names. */
  replaced: ReadonlyMap<string, Float32Array>;
  /** [hidden], of a model that values texts. */
  valueHead?: Float32Array;
  /** All of these as they are named in graphs. */
  tensors: readonly AdapterTensor[];
}

/**
 * Reads an adapter folder and checks it against a model.
 * @throws EngineError ADAPTER_BROKEN as `loadAdapter`, or naming the tensor that does not fit the model
 */
export async function openAdapter(folder: string, model: BaseModel): Promise<OpenedAdapter> {
  const { config, tensors: stored } = await loadAdapter(folder);
  const layers = new Map(model.family.linears(model.config).map((layer) => [layer.name, layer]));
  const misfit = (name: string, what: string) =>
    new EngineError('ADAPTER_BROKEN', `${folder} does not fit the model: ${name} ${what}. Is it the adapter of another model?`, {
      issues: [{ path: name, message: what }],
    });
  const tied = tiedTensors(model, config, stored, misfit);
  const tensors: AdapterTensor[] = [];
  const replaced = new Map<string, Float32Array>();
  for (const [storedName, { shape, data }] of stored) {
    const name = nameInModel(storedName);
    if (name === tied) continue;
    const wanted = shapeIn(model, layers, config, storedName);
    if (!wanted) throw misfit(storedName, 'belongs to a module that the model does not have');
    if (!sameShape(shape, wanted)) throw misfit(storedName, `is [${shape.join(', ')}], the model needs [${wanted.join(', ')}]`);
    tensors.push({ name, shape, data });
    if (!partOf(storedName) && name !== scoreHead) replaced.set(name, data);
  }
  const named = new Map(tensors.map(({ name, data }) => [name, data]));
  const updates = new Map(
    [...layers].flatMap(([name, layer]) => {
      const [a, b] = [named.get(matrixA(name)), named.get(matrixB(name))];
      if (!a || !b) return [];
      return [
        [name, { ...layer, rank: config.rank, a, b, scale: loraScale(config), magnitude: named.get(magnitudeVector(name)) }] as const,
      ];
    }),
  );
  return { config, updates, replaced, valueHead: named.get(scoreHead), tensors };
}

/** An adapter whose tensors do not change any more, and what they hold. */
export type FixedAdapter = GraphAdapter & { weights: ReadonlyMap<string, Float32Array> };

/**
 * An adapter as generation uses it.
 * @throws EngineError ADAPTER_BROKEN where it makes a model that values texts instead of writing them
 */
export function fixedAdapter(adapter: OpenedAdapter, model: Pick<LoadedModel, 'weights'>): FixedAdapter {
  if (adapter.valueHead) throw broken('it makes a reward model, which values texts and cannot write any');
  return fixed(adapter, model);
}

/**
 * An adapter of a model that values texts.
 * @throws EngineError ADAPTER_BROKEN where it has no value head
 */
export function fixedValuingAdapter(adapter: OpenedAdapter, model: Pick<LoadedModel, 'weights'>): FixedAdapter {
  if (!adapter.valueHead) throw broken(`it has no ${scoreHead}, so it makes no reward model`);
  return fixed(adapter, model);
}

/** Nothing is left out at random, and what DoRA multiplies the outputs by is worked out once. */
function fixed({ config, updates, tensors }: OpenedAdapter, { weights }: Pick<LoadedModel, 'weights'>): FixedAdapter {
  const factors = [...updates].flatMap(([name, update]) => {
    if (!update.magnitude) return [];
    const data = weights.get(`${name}.weight`);
    if (!data) throw new Error(`${name} is not in single precision, which DoRA needs here`);
    return [[name, stretches({ ...update, data }, update)] as const];
  });
  return {
    settings: { ...config, dropout: 0 },
    tensors: new Map(tensors.map(({ name, shape }) => [name, shape])),
    stretches: new Map(factors),
    weights: new Map(tensors.map(({ name, data }) => [name, data])),
  };
}

/** The shape that a model calls for; undefined where it has no place for the tensor. */
function shapeIn(
  { family, config: model }: BaseModel,
  layers: ReadonlyMap<string, LinearLayer>,
  { rank }: AdapterConfig,
  storedName: string,
): readonly number[] | undefined {
  const name = nameInModel(storedName);
  const part = partOf(storedName);
  if (name === scoreHead) return [1, model.hiddenSize];
  if (!part) return family.parameters(model).get(name);
  const layer = layers.get(part.layer);
  if (!layer) return undefined;
  const { inputs, outputs } = layer;
  return { 'lora_A.weight': [rank, inputs], 'lora_B.weight': [outputs, rank], lora_magnitude_vector: [outputs] }[part.part];
}

/**
 * Where embeddings and output projection are one matrix, an adapter must keep them one: PEFT stores the matrix twice then.
 * @returns the name of the second copy, which is left out.
 */
function tiedTensors(
  model: BaseModel,
  { valuesTexts }: AdapterConfig,
  stored: LoadedAdapter['tensors'],
  misfit: (name: string, what: string) => EngineError,
): string | null {
  if (!model.config.tiedEmbeddings || valuesTexts) return null;
  const [input, output] = [embeddingName(model), outputProjection].map((name) => stored.get(`base_model.model.${name}`)?.data);
  if (!input && !output) return null;
  const same = input && output?.length === input.length && input.every((value, index) => value === output[index]);
  if (!same)
    throw misfit(
      `base_model.model.${output ? outputProjection : embeddingName(model)}`,
      'was trained apart from the matrix that the model shares between embeddings and output projection, which is not supported (train it with ensure_weight_tying)',
    );
  return outputProjection;
}
