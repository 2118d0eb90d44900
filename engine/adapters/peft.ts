import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.ts';
import { writeAll, writeDurably } from '../weights/durable.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from '../weights/safetensors.ts';
import type { AdapterTensor } from './lora.ts';
import { type AdapterConfig, broken, configFile, peftConfig, readPeftConfig } from './peft-config.ts';

/**
 * An adapter as it lies in its folder. Tensors have the names of the file, which are those of the model behind
 * `base_model.model.`: `….q_proj.lora_A.weight` [rank, in], `….lora_B.weight` [out, rank], `….lora_magnitude_vector` [out], and whole
 * tensors of modules that were trained.
 */
export interface LoadedAdapter {
  config: AdapterConfig;
  tensors: Map<string, { shape: number[]; data: Float32Array }>;
}

const weightsFile = 'adapter_model.safetensors';
const prefix = 'base_model.model.';

/**
 * Writes an adapter as a folder that PEFT loads (`PeftModel.from_pretrained`), in float32.
 * @param tensors by their names in the model, without the file's prefix.
 * @throws RangeError where a tensor does not fit the configuration
 */
export async function saveAdapter(
  folder: string,
  { config, tensors }: { config: AdapterConfig; tensors: readonly AdapterTensor[] },
): Promise<void> {
  const problem = findProblem(config, new Map(tensors.map(({ name, shape }) => [`${prefix}${name}`, shape])));
  if (problem !== null) throw new RangeError(`The adapter cannot be saved: ${problem}`);
  await mkdir(folder, { recursive: true });
  await writeSafetensors(
    join(folder, weightsFile),
    tensors.map(({ name, shape, data }) => ({ name: `${prefix}${name}`, dtype: 'F32', shape, data })),
    { format: 'pt' },
  );
  const content = new TextEncoder().encode(`${JSON.stringify(peftConfig(config), null, 2)}\n`);
  await writeDurably(join(folder, configFile), (handle) => writeAll(handle, content));
}

/**
 * Reads an adapter folder as PEFT or `saveAdapter` wrote it.
 * @throws EngineError `ADAPTER_BROKEN` where a file is missing, damaged, contradicts itself, or uses what is not supported
 */
export async function loadAdapter(folder: string): Promise<LoadedAdapter> {
  const settings = await readPeftConfig(folder);
  const tensors = await readWeights(folder, async (path) => (await readSafetensors(path)).tensors);
  return { config: wholeConfig(folder, settings, new Map([...tensors].map(([name, { shape }]) => [name, shape]))), tensors };
}

/**
 * Checks that an adapter folder can be used and says what it is, without reading the tensors themselves.
 * @throws EngineError as `loadAdapter`
 */
export async function inspectAdapter(folder: string): Promise<AdapterConfig> {
  const settings = await readPeftConfig(folder);
  const file = await readWeights(folder, openSafetensors);
  await file.close();
  return wholeConfig(folder, settings, new Map([...file.tensors].map(([name, { shape }]) => [name, shape])));
}

/** The settings of an adapter together with what its tensors tell. @throws EngineError `ADAPTER_BROKEN` where they contradict each other */
function wholeConfig(
  folder: string,
  { targetModules: named, modulesToSave = [], ...config }: Awaited<ReturnType<typeof readPeftConfig>>,
  shapes: ReadonlyMap<string, readonly number[]>,
): AdapterConfig {
  const path = join(folder, weightsFile);
  if (shapes.size === 0) throw broken(`${path} has no tensors`);
  const names = [...shapes.keys()];
  // What was adapted is told by the tensors: the file's own list may be a regular expression, or name modules that are not there.
  const layers = names.flatMap((name) => partOf(name)?.layer ?? []);
  const stray = named && layers.find((layer) => !named.some((target) => layer === target || layer.endsWith(`.${target}`)));
  if (stray) throw broken(`${path} has tensors of "${stray}", but target_modules of ${configFile} are ${named.join(', ')}`);
  const targetModules = named ?? [...new Set(layers.map((layer) => layer.replace(/^.*\./, '')))];
  const whole = { ...config, targetModules, modulesToSave };
  const problem = findProblem(whole, shapes);
  if (problem !== null) throw broken(`${path} contradicts ${configFile} or the format: ${problem}`);
  return whole;
}

type Part = 'lora_A.weight' | 'lora_B.weight' | 'lora_magnitude_vector';

/** The layer `model.layers.0.mlp.up_proj` and the part of a tensor's name, or null where it is not one of an adapted layer. */
export function partOf(name: string): { layer: string; part: Part } | null {
  const match = /^base_model\.model\.(.+)\.(lora_A\.weight|lora_B\.weight|lora_magnitude_vector)$/.exec(name);
  const part = parts.find((known) => known === match?.[2]);
  return match?.[1] && part ? { layer: match[1], part } : null;
}
const parts: readonly Part[] = ['lora_A.weight', 'lora_B.weight', 'lora_magnitude_vector'];

/** `model.norm.weight` of `base_model.model.model.norm.weight`. */
export const nameInModel = (name: string): string => name.slice(prefix.length);

/** Every layer has all of its tensors, and their shapes agree with the rank. @returns what is wrong, or null */
function findProblem(
  { rank, dora, modulesToSave = [], tiesWeights }: AdapterConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
): string | null {
  const expected = { 'lora_A.weight': `[${rank}, in]`, 'lora_B.weight': `[out, ${rank}]`, lora_magnitude_vector: '[out]' };
  // The file has both copies of a matrix that is shared, whichever is named.
  const modules = [...modulesToSave, ...(tiesWeights ? ['lm_head', 'embed_tokens', 'wte'] : [])];
  const ownParts = dora ? parts : parts.slice(0, 2);
  for (const [name, shape] of shapes) {
    const found = partOf(name);
    if (!found) {
      // As PEFT finds modules to save: by the end of their names.
      const module = name.startsWith(prefix) ? nameInModel(name).replace(/\.[^.]+$/, '') : null;
      if (module !== null && modules.some((target) => `.${module}.`.includes(`${target}.`))) continue;
      return `the tensor "${name}" is neither base_model.model.….lora_A.weight or ….lora_B.weight nor one of modules_to_save.`;
    }
    const { layer, part } = found;
    if (!ownParts.includes(part)) return `"${name}" is there, but use_dora is false.`;
    const missing = ownParts.map((other) => `${prefix}${layer}.${other}`).find((partner) => !shapes.has(partner));
    if (missing) return `"${name}" is there, but not "${missing}".`;
    const fits =
      part === 'lora_magnitude_vector' ? shape.length === 1 : shape.length === 2 && shape[part === 'lora_A.weight' ? 0 : 1] === rank;
    if (!fits) return `"${name}" has the shape [${shape.join(', ')}], rank ${rank} needs ${expected[part]}.`;
  }
  return null;
}

/** @param read what is wanted of the weight file */
async function readWeights<T>(folder: string, read: (path: string) => Promise<T>): Promise<T> {
  const files = await readdir(folder);
  if (!files.includes(weightsFile)) {
    const hint = files.includes('adapter_model.bin')
      ? ' (adapter_model.bin is a pickle and is not read: save it with safe_serialization=True)'
      : '';
    throw broken(`${folder} has no ${weightsFile}${hint}`);
  }
  try {
    return await read(join(folder, weightsFile));
  } catch (error) {
    if (error instanceof EngineError) throw new EngineError('ADAPTER_BROKEN', error.message, { issues: error.issues, cause: error });
    throw error;
  }
}
