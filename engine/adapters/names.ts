import { EngineError } from '../errors.ts';
import type { LinearLayer } from '../models/tensor-list.ts';

/** Stands for all linear layers but the output projection. */
const allLinear = 'all-linear';

/**
 * Whether a name of a module is meant: as a whole, by its last parts (`self_attn.q_proj`), or with `*` in place of any characters
 * (`layers.1*.mlp.*`). No other character has a meaning of its own: regular expressions from outside could take forever.
 */
export const isMeant = (name: string, pattern: string): boolean => fits(`.${name}`, `*.${pattern}`);

/** Compares a text with a pattern that may hold `*`. It takes at most as many comparisons as the product of their lengths. */
function fits(text: string, pattern: string): boolean {
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[place] === '*') [star, resume, place] = [place, at, place + 1];
    else if (pattern[place] === text[at]) [at, place] = [at + 1, place + 1];
    else if (star < 0) return false;
    // The last star takes one character more.
    else [resume, at, place] = [resume + 1, resume + 1, star + 1];
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
}

interface LayerChoice {
  targetModules: readonly string[];
  excludeModules?: readonly string[];
}

/**
 * The linear layers that get LoRA matrices, in the model's order.
 * @throws EngineError CONFIG_INVALID naming what matches nothing, and what there is
 */
export function chooseLayers(layers: readonly LinearLayer[], { targetModules, excludeModules = [] }: LayerChoice): LinearLayer[] {
  const meant = (name: string, pattern: string) => pattern === allLinear || isMeant(name, pattern);
  const there = lastParts(layers.map(({ name }) => name)).join(', ');
  for (const [field, patterns] of Object.entries({ targetModules, excludeModules })) {
    const unknown = patterns.filter((pattern) => !layers.some(({ name }) => meant(name, pattern)));
    if (unknown.length > 0) {
      const whole = unknown.some((pattern) => /embed|wte|wpe|head|norm|ln_/.test(pattern))
        ? ' Embeddings, norms and the output projection have no LoRA matrices: list them under method.modulesToSave.'
        : '';
      throw invalid(`method.${field}`, `The model has no layer named ${unknown.join(', ')}. Its linear layers are ${there}.${whole}`);
    }
  }
  const chosen = layers.filter(
    ({ name }) => targetModules.some((pattern) => meant(name, pattern)) && !excludeModules.some((pattern) => meant(name, pattern)),
  );
  if (chosen.length === 0) throw invalid('method.excludeModules', 'It leaves no layer of the target modules. Exclude fewer.');
  return chosen;
}

/**
 * The tensors of modules that are trained whole, in the model's order. A container (`model.layers.0.mlp`) stands for all in it.
 * @param tensors names of all tensors of the model.
 * @throws EngineError CONFIG_INVALID naming what matches nothing, and what there is
 */
export function chooseTensors(tensors: readonly string[], modulesToSave: readonly string[]): string[] {
  const unknown = modulesToSave.filter((pattern) => !tensors.some((name) => modulesOf(name).some((module) => isMeant(module, pattern))));
  if (unknown.length > 0) {
    const there = lastParts(tensors.map(moduleOf)).join(', ');
    throw invalid('method.modulesToSave', `The model has no module named ${unknown.join(', ')}. It has ${there}.`);
  }
  return tensors.filter((name) => modulesOf(name).some((module) => modulesToSave.some((pattern) => isMeant(module, pattern))));
}

/** `model.norm` of `model.norm.weight`. */
export const moduleOf = (tensor: string): string => tensor.replace(/\.[^.]+$/, '');

/**
 * How PEFT is told which layers are adapted: by their last parts where these say it all, otherwise by their whole names. PEFT
 * takes a name in its list for every module that ends with it.
 */
export function targetNames(layers: readonly LinearLayer[], chosen: readonly LinearLayer[]): string[] {
  const names = chosen.map(({ name }) => name);
  const short = lastParts(names);
  return layers.filter(({ name }) => short.some((part) => isMeant(name, part))).length === chosen.length ? short : names;
}

/** `q_proj` of `model.layers.0.self_attn.q_proj`; each once, in order. */
function lastParts(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.replace(/^.*\./, '')))];
}

/** `model`, `model.norm` of `model.norm.weight`. */
function modulesOf(tensor: string): string[] {
  const parts = tensor.split('.').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}

export function invalid(path: string, message: string): EngineError {
  return new EngineError('CONFIG_INVALID', `The configuration is not valid: ${path}: ${message}`, { issues: [{ path, message }] });
}
