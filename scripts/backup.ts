// npm run backup -- FOLDER: writes everything of the studio (DATA_DIR, DATABASE_URL) into a new folder. The studio may be running.
import path from 'node:path';
import { backUp } from '@anneal/core';
import { runBackupCommand } from './backup-command.ts';

await runBackupCommand('backup', async (config, folder) => {
  const { files } = await backUp(config, folder);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return `Backed up: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB in ${path.resolve(folder)}. It holds the keys of the studio: keep it safe.`;
});
