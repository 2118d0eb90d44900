import fs from 'node:fs/promises';
import path from 'node:path';
import { type DeviceFit, deviceFits, EngineError, inspectModel } from '@anneal/engine';

/** What the files of a model folder say about it. Where it cannot be used, `problem` says why, and the rest is empty. */
export interface Inspection {
  architecture: string;
  parameters: number;
  /** Of the weight files. */
  bytes: number;
  /** That most of the weights are stored in: `BF16`. */
  dtype: string;
  /** Longest sequence, in tokens. */
  contextLength: number;
  /** Tokens. */
  vocabularySize: number;
  hasChatTemplate: boolean;
  /** Why it cannot be used, and what to do; null when it can. */
  problem: string | null;
}

/** What is said of a model folder that cannot be read. */
export const unusable = (problem: string | null): Inspection => ({
  architecture: '',
  parameters: 0,
  bytes: 0,
  dtype: '',
  contextLength: 0,
  vocabularySize: 0,
  hasChatTemplate: false,
  problem,
});

/** Folders that are remembered; the oldest are forgotten first. */
const remembered = 200;

/** Looks into model folders, again only where their files have changed. */
export class ModelInspector {
  readonly #known = new Map<string, { fingerprint: string; inspection: Promise<Inspection> }>();

  /** @param folder absolute */
  async inspect(folder: string): Promise<Inspection> {
    const fingerprint = await fingerprintOf(folder);
    const known = this.#known.get(folder);
    if (known?.fingerprint === fingerprint) return known.inspection;
    const inspection = inspect(folder);
    this.#known.delete(folder);
    this.#known.set(folder, { fingerprint, inspection });
    for (const oldest of [...this.#known.keys()].slice(0, -remembered)) this.#known.delete(oldest);
    // What failed for a reason of the machine is tried again.
    inspection.catch(() => this.#known.delete(folder));
    return inspection;
  }

  /** How it can be trained on this machine; empty where it cannot be used at all. @param folder absolute */
  async fits(folder: string): Promise<DeviceFit[]> {
    return (await this.inspect(folder)).problem === null ? deviceFits(folder) : [];
  }
}

/** Changes when a file of the folder does. */
export async function fingerprintOf(folder: string): Promise<string> {
  const names = await fs.readdir(folder).catch(() => []);
  const stats = await Promise.all(names.sort().map((name) => fs.stat(path.join(folder, name)).catch(() => null)));
  return JSON.stringify(names.map((name, index) => [name, stats[index]?.size, stats[index]?.mtimeMs]));
}

async function inspect(folder: string): Promise<Inspection> {
  try {
    const {
      architecture,
      parameters,
      bytes,
      dtype,
      maxPositions: contextLength,
      vocabularySize,
      hasChatTemplate,
    } = await inspectModel(folder);
    return { architecture, parameters, bytes, dtype, contextLength, vocabularySize, hasChatTemplate, problem: null };
  } catch (error) {
    if (error instanceof EngineError) return unusable(error.message);
    throw error;
  }
}
