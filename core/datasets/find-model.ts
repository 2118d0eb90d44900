import type { Viewer } from '../access/viewer.ts';
import { Conflict, NotFound } from '../errors.ts';
import type { BaseModel } from '../models/base-model.ts';

/** A base model, if the viewer may see it. */
export type FindModel = (viewer: Viewer, baseModelId: string) => Promise<Pick<BaseModel, 'name' | 'state' | 'path'> | null>;

/** One that can be used now. @throws NotFound, Conflict while it is being downloaded, or could not be */
export async function usableModel(findModel: FindModel, viewer: Viewer, baseModelId: string): Promise<{ path: string }> {
  const model = await findModel(viewer, baseModelId);
  if (!model) throw new NotFound(`There is no base model ${baseModelId}.`);
  if (model.state !== 'READY') throw new Conflict(`The model "${model.name}" cannot be used yet.`);
  return model;
}
