// npm run new:plugin -- NAME [--kind tool] [--folder FOLDER]: writes a plugin that works, to begin with.
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { pluginKinds } from '@anneal/plugins';
import { writePlugin } from './new-plugin/write-plugin.ts';

const usage = `npm run new:plugin -- NAME [--kind ${pluginKinds.join('|')}] [--folder FOLDER]`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { kind: { type: 'string', default: 'tool' }, folder: { type: 'string' } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new Error(`say one name: ${usage}`);
  const kind = pluginKinds.find((each) => each === values.kind);
  if (kind === undefined) throw new Error(`there is no kind ${JSON.stringify(values.kind)}: ${usage}`);
  // Where a studio with these settings looks for plugins; an empty variable counts as left out.
  const { PLUGINS_DIR, DATA_DIR } = process.env;
  const folder = await writePlugin(path.resolve(values.folder || PLUGINS_DIR || path.join(DATA_DIR || 'data', 'plugins')), name, kind);
  console.log(
    `Written: ${folder}\nStart the studio, or reload its plugins; then enable ${name} and run it. docs/plugins.md tells the rest.`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
