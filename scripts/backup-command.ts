import path from 'node:path';
import process from 'node:process';
import { readConfig, type StudioConfig, StudioError } from '@anneal/core';
import { DatabaseError } from '@anneal/prisma';

/** Runs `npm run NAME -- FOLDER`: one folder, the settings of the studio from the environment, and one line in the end. */
export async function runBackupCommand(name: string, work: (config: StudioConfig, folder: string) => Promise<string>): Promise<void> {
  const folders = process.argv.slice(2);
  const [folder] = folders;
  if (folder === undefined || folders.length > 1 || folder.startsWith('-')) {
    console.error(`Usage: npm run ${name} -- FOLDER\nSettings: DATA_DIR, DATABASE_URL in the environment, as for npm start.`);
    process.exitCode = 1;
    return;
  }
  try {
    console.log(await work(readConfig(), path.resolve(process.env.INIT_CWD ?? '.', folder)));
  } catch (error) {
    if (!(error instanceof StudioError) && !(error instanceof DatabaseError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
