import fs from 'node:fs/promises';

/** Whether there is a file or folder. */
export const isThere = (place: string): Promise<boolean> =>
  fs.access(place).then(
    () => true,
    () => false,
  );
