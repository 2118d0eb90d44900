import path from 'node:path';
import { EngineError } from '../../errors.ts';
import { writeDurably } from '../../weights/durable.ts';
import type { ExportSource } from '../source.ts';
import { planGguf } from './architectures.ts';
import { encode, fits, type GgmlType, holds } from './encode.ts';
import { type GgufTensor, type MetadataValue, string, uint32, writeGguf } from './file.ts';
import { changeTensor, type GgufPlan, type PlannedTensor } from './plan.ts';
import { tokenizerMetadata } from './tokenizer.ts';

/** Numbers of `general.file_type`: all in single precision, most in half, most in 8 bits. */
const fileTypes: Record<GgmlType, number> = { F32: 0, F16: 1, Q8_0: 7 };

/** Of the quantised formats; 2 since May 2023. */
const quantizationVersion = 2;

/** Name of the file. */
const ggufFileName = (precision: GgmlType): string => `model-${precision.toLowerCase()}.gguf`;

/**
 * Writes the model as one GGUF file for llama.cpp and what builds on it, tokenizer and chat template inside. Matrices are
 * stored in the precision asked for, vectors in single; rows that do not divide into blocks of Q8_0 in half.
 * @param name what the file says that the model is called
 * @returns notes for people on what will differ
 * @throws EngineError MODEL_UNSUPPORTED where llama.cpp has no such model or tokenizer, or F16 cannot hold a weight
 */
export async function writeGgufModel(source: ExportSource, folder: string, precision: GgmlType, name: string): Promise<string[]> {
  const { config, family } = source;
  const plan = planGguf(config);
  if (typeof plan === 'string') {
    throw new EngineError(
      'MODEL_UNSUPPORTED',
      `${source.folder} cannot be exported as GGUF: llama.cpp cannot run it, ${plan}. Possible for it: merged, adapter, onnx.`,
    );
  }
  const tokenizer = await tokenizerMetadata(source.folder, config.vocabularySize, config.eosTokenIds);
  const shapes = family.parameters(config);
  const plans = new Map<string, PlannedTensor>();
  const tensors: GgufTensor[] = [];
  if (plan.ropeFactors.length > 0) tensors.push({ name: ropeFactorsName, shape: [plan.ropeFactors.length], type: 'F32' });
  for (const tensor of plan.tensors) {
    const stored = shapes.get(tensor.from) ?? [];
    const shape = tensor.change?.kind === 'transpose' ? [...stored].reverse() : stored;
    plans.set(tensor.name, tensor);
    tensors.push({ name: tensor.name, shape, type: typeOf(tensor.name, shape, precision) });
  }
  const metadata = new Map<string, MetadataValue>([...modelMetadata(plan, precision, name), ...tokenizer.metadata]);
  await writeDurably(path.join(folder, ggufFileName(precision)), (handle) =>
    writeGguf(handle, metadata, tensors, async ({ name: target, type }) => {
      const planned = plans.get(target);
      if (!planned) return encode(plan.ropeFactors, 'F32');
      const data = changeTensor(await source.read(planned.from), shapes.get(planned.from) ?? [], planned.change);
      if (!holds(data, type)) {
        const advice = type === 'F32' ? 'The model is damaged.' : 'Export it with precision F32.';
        throw new EngineError('MODEL_UNSUPPORTED', `${planned.from} has values that ${type} cannot hold. ${advice}`);
      }
      return encode(data, type);
    }),
  );
  return [...plan.notes, ...tokenizer.notes];
}

const ropeFactorsName = 'rope_freqs.weight';

function modelMetadata(plan: GgufPlan, precision: GgmlType, name: string): [string, MetadataValue][] {
  return [
    ['general.architecture', string(plan.architecture)],
    ['general.type', string('model')],
    ['general.name', string(name)],
    ['general.file_type', uint32(fileTypes[precision])],
    ['general.quantization_version', uint32(quantizationVersion)],
    ...[...plan.metadata].map(([key, value]): [string, MetadataValue] => [`${plan.architecture}.${key}`, value]),
  ];
}

/** As llama.cpp's own converter chooses them. */
function typeOf(name: string, shape: readonly number[], precision: GgmlType): GgmlType {
  if (shape.length < 2 || name === 'position_embd.weight') return 'F32';
  return fits(precision, shape.at(-1) ?? 0) ? precision : 'F16';
}
