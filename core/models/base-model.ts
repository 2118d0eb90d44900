import fs from 'node:fs/promises';
import path from 'node:path';
import { bundledModelFolder } from '@anneal/engine';
import type { BaseModel as BaseModelRow } from '@anneal/prisma';
import { type Inspection, type ModelInspector, unusable } from './inspection.ts';

/** A model that training can start from, or will once it is downloaded or mended. */
export interface BaseModel extends Inspection {
  /** `bundled`, `models/<folder>` for one in DATA_DIR/models, or that of its row. */
  id: string;
  /** Null: everybody's. */
  projectId: string | null;
  /** `bundled`, the name of its folder in DATA_DIR/models, or the one that it was registered under. */
  name: string;
  source: 'BUNDLED' | 'FOLDER' | 'HUB';
  state: BaseModelRow['state'];
  /** Absolute. */
  path: string;
  /** On the Hub; null for others. */
  hubId: string | null;
  revision: string | null;
  commit: string | null;
  /** What is here of a download, bytes. */
  receivedBytes: number;
  /** When it was registered; null for those that need no registration. */
  createdAt: Date | null;
}

export const bundledId = 'bundled';
const folderPrefix = 'models/';
/** Whether an id is of a model that is there for everybody. */
export const needsNoRegistration = (id: string): boolean => id === bundledId || id.startsWith(folderPrefix);

/** Where downloads from the Hub lie, relative to the data folder. Hidden, so that they are not taken for folders that somebody put there. */
export const hubFolder = 'models/.hub';

/** The bundled model, then the folders in DATA_DIR/models by name: they are there for everybody, without registration. */
export async function unregisteredModels(dataFolder: string, inspector: ModelInspector): Promise<BaseModel[]> {
  const folder = path.join(dataFolder, 'models');
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort((a, b) => a.localeCompare(b));
  return Promise.all([
    describeFolder(inspector, { id: bundledId, name: bundledId, source: 'BUNDLED', path: bundledModelFolder }),
    ...names.map((name) => describeFolder(inspector, { id: folderPrefix + name, name, source: 'FOLDER', path: path.join(folder, name) })),
  ]);
}

async function describeFolder(inspector: ModelInspector, known: Pick<BaseModel, 'id' | 'name' | 'source' | 'path'>): Promise<BaseModel> {
  const inspection = await inspector.inspect(known.path);
  return {
    ...known,
    ...inspection,
    projectId: null,
    state: 'READY',
    hubId: null,
    revision: null,
    commit: null,
    receivedBytes: inspection.bytes,
    createdAt: null,
  };
}

/** A registered model. One that is READY is looked at again: somebody may have changed its folder. */
export async function registeredModel(row: BaseModelRow, dataFolder: string, inspector: ModelInspector): Promise<BaseModel> {
  const { id, projectId, name, state, hubId, revision, commit, receivedBytes, createdAt } = row;
  const folder = path.resolve(dataFolder, row.path);
  const found = state === 'READY' ? await inspector.inspect(folder) : { ...unusable(row.problem), bytes: row.bytes };
  const source = row.source === 'HUB' ? 'HUB' : 'FOLDER';
  return { id, projectId, name, state, source, hubId, revision, commit, receivedBytes, createdAt, path: folder, ...found };
}
