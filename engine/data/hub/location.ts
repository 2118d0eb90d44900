import { EngineError } from '../../errors.ts';

/** A dataset on the Hugging Face Hub, or a part of it. */
export interface HubLocation {
  /** `owner/name` */
  id: string;
  /** Branch, tag or commit; null where the path names none. */
  revision: string | null;
  /** A file or folder in it; empty for all of it. */
  inside: string;
}

const form = /^hub:([\w.-]+\/[\w.-]+)(?:@([^/@][^@]*?))?(?:\/(.*))?$/;

export const isHubPath = (path: string): boolean => path.startsWith('hub:');

/**
 * Reads `hub:owner/name`, `hub:owner/name@revision`, `hub:owner/name/folder`. A revision with a slash in it goes into the
 * configuration's `revision`.
 * @throws EngineError `DATASET_NOT_FOUND` where a path is not of this form
 */
export function parseHubPath(path: string): HubLocation {
  const [, id, revision, inside] = form.exec(path) ?? [];
  if (id === undefined || id.split('/').some((part) => part === '..' || part === '.')) {
    throw new EngineError(
      'DATASET_NOT_FOUND',
      `"${path}" names no dataset on the Hub. Write hub:owner/name, or hub:owner/name/folder for a part of it.`,
    );
  }
  return { id, revision: revision ?? null, inside: (inside ?? '').replace(/\/+$/, '') };
}

/** The same place at a revision. */
export const hubPathAt = ({ id, inside }: HubLocation, revision: string): string => `hub:${id}@${revision}${inside ? `/${inside}` : ''}`;
