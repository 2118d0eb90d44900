import { z } from 'zod';

/** Where a model of the studio lies. Absolute folders. */
const ownModelFolders = z.strictObject({
  /** A Hugging Face model folder. */
  base: z.string().min(1),
  /** A PEFT folder that goes on top of it; null: none. */
  adapter: z.string().min(1).nullable(),
});
export type OwnModelFolders = z.output<typeof ownModelFolders>;

/**
 * What the plugin is asked with in place of a model's name: names belong to projects, which it does not know. Whoever asks has looked up the
 * model, and whether it may be used.
 */
export const ownModelId = ({ base, adapter }: OwnModelFolders): string => JSON.stringify({ base, adapter });

/** Null for anything but what `ownModelId` gives. */
export function readOwnModelId(id: string): OwnModelFolders | null {
  try {
    return ownModelFolders.parse(JSON.parse(id));
  } catch {
    return null;
  }
}
