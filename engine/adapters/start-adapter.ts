import type { TrainingConfig } from '../config.ts';
import type { LoadedModel } from '../models/load.ts';
import type { LinearLayer } from '../models/tensor-list.ts';
import { deriveSeed, normalSource, randomSource } from '../random.ts';
import { type AdapterTensor, type GraphAdapter, initialMatrices, magnitudeVector, matrixA, matrixB } from './lora.ts';
import { chooseLayers, invalid, moduleOf, targetNames } from './names.ts';
import { openAdapter } from './open-adapter.ts';
import type { AdapterConfig } from './peft-config.ts';
import { layerRowSquares } from './row-squares.ts';
import { embeddingName, outputProjection, scoreHead, wholeTensors } from './whole-modules.ts';

type MethodSettings = TrainingConfig['method'];

/** An adapter at the start of its training. */
export interface StartedAdapter {
  /** What is written beside the tensors when it is saved. */
  config: AdapterConfig;
  adapter: GraphAdapter;
  /** Everything that is trained: matrices, magnitudes, whole tensors, the value head. */
  trainable: readonly AdapterTensor[];
  /** What a person should know. */
  warnings: string[];
}

interface StartOptions {
  settings: MethodSettings;
  /** Folder or name of the base model, to be written into the adapter. */
  baseModel: string;
  seed: number;
  /** Whether there is a value head in place of the output projection. */
  valuesTexts: boolean;
}

/** A purpose of its own among the seeds of a run. */
const headPurpose = 0x5c04;

/**
 * A fresh adapter for a model, or the one in `settings.initAdapter`, which is trained further.
 * @throws EngineError CONFIG_INVALID where settings and model do not fit; ADAPTER_BROKEN as `openAdapter`
 */
export async function startAdapter(model: LoadedModel, options: StartOptions): Promise<StartedAdapter> {
  const { settings, valuesTexts } = options;
  const { dropout } = settings;
  const given = await (settings.initAdapter === '' ? freshAdapter(model, options) : continuedAdapter(model, options));
  const trainable = [...given.trainable];
  if (valuesTexts && !trainable.some(({ name }) => name === scoreHead)) trainable.push(freshHead(model.config.hiddenSize, options.seed));
  const named = new Set(trainable.map(({ name }) => name));
  const layers = model.family.linears(model.config).filter(({ name }) => named.has(matrixA(name)));
  const tiesWeights = model.config.tiedEmbeddings && !valuesTexts && named.has(embeddingName(model));
  const config: AdapterConfig = {
    ...given.config,
    dropout,
    modulesToSave: wholeModules(named, layers, tiesWeights),
    tiesWeights,
    valuesTexts,
    fanInFanOut: layers.some(({ layout }) => layout === 'in-out'),
  };
  const adapter: GraphAdapter = {
    settings: config,
    tensors: new Map(trainable.map(({ name, shape }) => [name, shape])),
    rowSquares: given.rowSquares,
  };
  return { config, adapter, trainable, warnings: given.warnings };
}

/** The modules that are in the file as a whole; PEFT has a copy for either side where embeddings and output projection are one. */
function wholeModules(tensors: ReadonlySet<string>, layers: readonly LinearLayer[], tiesWeights: boolean): string[] {
  const parts = new Set(layers.flatMap(({ name }) => [matrixA(name), matrixB(name), magnitudeVector(name)]));
  const modules = [...tensors].filter((name) => !parts.has(name)).map(moduleOf);
  return [...new Set([...modules, ...(tiesWeights ? [moduleOf(outputProjection)] : [])])];
}

/**
 * The tensors of an adapter's file. Where embeddings and output projection are one matrix, PEFT has a copy of it for either side.
 * @param trainable those of the trained adapter.
 */
export function savedTensors(model: LoadedModel, config: AdapterConfig, trainable: readonly AdapterTensor[]): AdapterTensor[] {
  if (!config.tiesWeights) return [...trainable];
  const shared = trainable.find(({ name }) => name === embeddingName(model));
  return shared ? [...trainable, { ...shared, name: outputProjection }] : [...trainable];
}

type Beginning = Pick<StartedAdapter, 'config' | 'trainable' | 'warnings'> & Pick<GraphAdapter, 'rowSquares'>;

async function freshAdapter(model: LoadedModel, { settings, baseModel, seed }: StartOptions): Promise<Beginning> {
  const { rank, alpha, rsLora, dora } = settings;
  const linears = model.family.linears(model.config);
  const layers = chooseLayers(linears, settings);
  const whole = wholeTensors(
    model,
    settings.modulesToSave,
    layers.map(({ name }) => name),
  );
  const matrices = initialMatrices(layers, rank, seed);
  const rowSquares = dora ? await layerRowSquares(model, layers) : undefined;
  // B is zero, so the rows of a weight have the lengths that they had.
  const magnitude = (layer: LinearLayer): AdapterTensor => ({
    name: magnitudeVector(layer.name),
    shape: [layer.outputs],
    data: (rowSquares?.get(layer.name) ?? new Float32Array()).map(Math.sqrt),
  });
  const shapes = model.family.parameters(model.config);
  const copies = whole.map((name) => ({ name, shape: shapes.get(name) ?? [], data: wholeWeight(model, name).slice() }));
  return {
    config: { rank, alpha, rsLora, dora, baseModel, targetModules: targetNames(linears, layers) },
    rowSquares,
    trainable: [...matrices, ...(dora ? layers.map(magnitude) : []), ...copies],
    warnings: rankWarnings(layers, rank),
  };
}

async function continuedAdapter(model: LoadedModel, { settings, baseModel, valuesTexts }: StartOptions): Promise<Beginning> {
  const { config, tensors, valueHead, updates, replaced } = await openAdapter(settings.initAdapter, model);
  if (valueHead && !valuesTexts)
    throw invalid(
      'method.initAdapter',
      `${settings.initAdapter} makes a reward model. Train it with the method "reward", or start from another adapter.`,
    );
  for (const name of replaced.keys()) wholeWeight(model, name);
  const { rank, alpha } = config;
  const differs = rank !== settings.rank || alpha !== settings.alpha;
  return {
    config: { ...config, baseModel },
    rowSquares: config.dora ? await layerRowSquares(model, [...updates.values()]) : undefined,
    trainable: tensors,
    warnings: differs ? [`The initial adapter has rank ${rank} and alpha ${alpha}; these are used.`] : [],
  };
}

function rankWarnings(layers: readonly LinearLayer[], rank: number): string[] {
  const small = layers.filter(({ inputs, outputs }) => rank > Math.min(inputs, outputs));
  const [first] = small;
  if (!first) return [];
  const size = Math.min(first.inputs, first.outputs);
  return [
    `LoRA rank ${rank} is more than ${first.name}${small.length > 1 ? ` and ${small.length - 1} others` : ''} can use: the smaller side has ${size}. A rank up to ${size} learns as much with less memory.`,
  ];
}

/** Normally distributed with the deviation 1 / √(hidden + 1), so that values begin about as large as one. */
export function freshHead(hiddenSize: number, seed: number): AdapterTensor {
  const normal = normalSource(randomSource(deriveSeed(seed, headPurpose)));
  const data = Float32Array.from({ length: hiddenSize }, () => normal() / Math.sqrt(hiddenSize + 1));
  return { name: scoreHead, shape: [1, hiddenSize], data };
}

/** @throws EngineError CONFIG_INVALID where it is kept in a smaller form, which cannot be trained. */
function wholeWeight({ weights, stored }: LoadedModel, name: string): Float32Array {
  const data = weights.get(name);
  if (data) return data;
  const storage = stored?.get(name)?.storage ?? 'nothing';
  throw invalid(
    'method.modulesToSave',
    `${name} is kept as ${storage} (model.storage), but what is trained whole must be in float32. Adapt it with LoRA instead.`,
  );
}
