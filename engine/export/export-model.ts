import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { loadAdapter } from '../adapters/peft.ts';
import { resolveModelFolder } from '../bundled/bundled.ts';
import { EngineError } from '../errors.ts';
import { writeAdapter } from './adapter.ts';
import { copyCompanions } from '../models/companions.ts';
import { writeGgufModel } from './gguf/gguf.ts';
import { writeMerged } from './merged.ts';
import { writeOnnx } from './onnx/onnx.ts';
import { fillFolder } from './out-folder.ts';
import { type ExportControl, openSource } from './source.ts';

const bytes = z.int().min(1);

const schema = z.strictObject({
  /** `merged`: a Hugging Face folder; `adapter`: a PEFT folder; `onnx`: for Transformers.js; `gguf`: for llama.cpp. */
  format: z.enum(['merged', 'adapter', 'onnx', 'gguf']),
  /** Model folder, or `bundled`; the one that the adapter names if left out. */
  base: z.string().min(1).optional(),
  /** PEFT folder; the base as it is if left out. */
  adapter: z.string().min(1).optional(),
  /** Folder to be made; may be there if it is empty. */
  out: z.string().min(1),
  /** `adapter`: what PEFT will load as the base, a folder or a name on a hub; as it was if left out. */
  baseModelName: z.string().min(1).optional(),
  /** `merged`: tensor bytes of one file at most, where no tensor is larger. */
  shardBytes: bytes.default(5_000_000_000),
  /** `gguf`: how matrices are stored. */
  precision: z.enum(['F32', 'F16', 'Q8_0']).default('F16'),
  /** `onnx`: weights of more bytes together lie in data files of their own. */
  inlineBytes: bytes.default(256 * 2 ** 20),
  /** `onnx`: bytes of such a file at most, where no tensor is larger. */
  dataFileBytes: bytes.default(2_000_000_000),
});

export type ExportOptions = z.input<typeof schema>;

export interface ExportResult {
  folder: string;
  /** Paths relative to the folder, sizes in bytes. */
  files: { path: string; bytes: number }[];
  /** What a person should know before using it: where the other program will differ. */
  notes: string[];
}

/**
 * Writes a model, and an adapter that was trained on it, for other programs. Tensors are read and written one at a time.
 * The folder is there whole or not at all.
 * @throws EngineError CONFIG_INVALID for options that contradict each other, ADAPTER_BROKEN (names the tensor where the adapter
 *   does not fit the base), MODEL_NOT_FOUND, MODEL_BROKEN, MODEL_UNSUPPORTED (says which formats are possible),
 *   TOKENIZER_BROKEN, EXPORT_FAILED where the folder is not empty or the disk is full
 */
export async function exportModel(options: ExportOptions, control: ExportControl = {}): Promise<ExportResult> {
  const parsed = schema.safeParse(options);
  if (!parsed.success) throw invalid(parsed.error.issues.map(({ path: at, message }) => ({ path: at.join('.'), message })));
  const { format, adapter, out } = parsed.data;
  if (format === 'adapter' && adapter === undefined)
    throw invalid([{ path: 'adapter', message: 'is missing; the format "adapter" copies one' }]);
  const base = await baseFolder(parsed.data);
  const folder = path.resolve(out);
  const notes = await fillFolder(folder, (partial) => write(parsed.data, base, partial, control));
  return { folder, files: await listFiles(folder), notes };
}

type Options = z.output<typeof schema>;

/** An adapter can be copied without its base; everything else needs it. */
async function baseFolder({ format, base, adapter }: Options): Promise<string | undefined> {
  if (base !== undefined) return resolveModelFolder(base);
  if (adapter === undefined) throw invalid([{ path: 'base', message: 'is missing; give a model folder, an adapter, or both' }]);
  const { baseModel } = (await loadAdapter(adapter)).config;
  if (format === 'adapter') return undefined;
  const folder = baseModel === '' ? null : resolveModelFolder(baseModel);
  if (folder !== null && existsSync(folder)) return folder;
  const named = baseModel === '' ? 'does not name its base model' : `names "${baseModel}", which is no folder here`;
  throw invalid([{ path: 'base', message: `is missing, and ${adapter} ${named}; give the folder of its base model` }]);
}

async function write(options: Options, base: string | undefined, folder: string, control: ExportControl): Promise<string[]> {
  const { format, adapter } = options;
  const source = base === undefined ? undefined : await openSource(base, adapter, control);
  try {
    if (format === 'adapter' && adapter !== undefined) await writeAdapter(adapter, folder, options.baseModelName);
    if (!source || format === 'adapter') return [];
    if (source.valuesTexts) {
      const message = `${adapter} values texts instead of writing them (a reward model), which the format "${format}" cannot hold. Possible: adapter.`;
      throw new EngineError('MODEL_UNSUPPORTED', message, { issues: [{ path: 'format', message }] });
    }
    if (format === 'merged') await writeMerged(source, folder, options.shardBytes);
    if (format === 'gguf') return await writeGgufModel(source, folder, options.precision, path.basename(path.resolve(options.out)));
    if (format === 'onnx') {
      await writeOnnx(source, folder, { inlineBytes: options.inlineBytes, fileBytes: options.dataFileBytes });
      await copyCompanions(source.folder, folder);
    }
    return [];
  } finally {
    await source?.close();
  }
}

async function listFiles(folder: string): Promise<ExportResult['files']> {
  const files: ExportResult['files'] = [];
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const stats = await stat(path.join(folder, name));
    if (stats.isFile()) files.push({ path: name.replaceAll(path.sep, '/'), bytes: stats.size });
  }
  return files;
}

function invalid(issues: { path: string; message: string }[]): EngineError {
  return new EngineError(
    'CONFIG_INVALID',
    `The export cannot start: ${issues.map(({ path: at, message }) => `${at}: ${message}`).join('; ')}`,
    {
      issues,
    },
  );
}
