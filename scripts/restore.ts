// npm run restore -- FOLDER: makes a studio from a backup, in a data folder (DATA_DIR) and a database (DATABASE_URL) that are empty.
import { restore } from '@anneal/core';
import { runBackupCommand } from './backup-command.ts';

await runBackupCommand('restore', async (config, folder) => {
  const { createdAt, files } = await restore(config, folder);
  return `Restored ${files.length} files of ${createdAt} into ${config.dataFolder}. Start the studio with npm start.`;
});
