import fs from 'node:fs/promises';
import path from 'node:path';
import { bundledModelFolder, EngineError, inspectModel } from '@anneal/engine';

/** A model folder that can be fine-tuned, or almost: then `problem` says what is in the way. */
export interface BaseModel {
  /** `bundled`, or the name of its folder in DATA_DIR/models. */
  name: string;
  /** Absolute. */
  path: string;
  /** Empty when it could not be read; the numbers are 0 then. */
  architecture: string;
  parameters: number;
  /** Size of the weight files. */
  bytes: number;
  /** Why it cannot be used, and what to do. */
  problem: string | null;
}

/** The bundled model, then those in DATA_DIR/models by name. Weights are not read, only what the files say about them. */
export async function listBaseModels(dataFolder: string): Promise<BaseModel[]> {
  const folder = path.join(dataFolder, 'models');
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => entry.name);
  const found = names.sort((a, b) => a.localeCompare(b)).map((name) => describe(name, path.join(folder, name)));
  return Promise.all([describe('bundled', bundledModelFolder), ...found]);
}

async function describe(name: string, folder: string): Promise<BaseModel> {
  try {
    const { architecture, parameters, bytes } = await inspectModel(folder);
    return { name, path: folder, architecture, parameters, bytes, problem: null };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { name, path: folder, architecture: '', parameters: 0, bytes: 0, problem: error.message };
  }
}
