import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { loadManifest } from '../load-manifest.ts';
import { PluginProcess, type PluginProcessOptions } from '../plugin-process.ts';

/** A temporary folder of plugins and the processes that were started from it. */
export class PluginFolder {
  readonly folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'plugins-'));
  readonly #opened: PluginProcess[] = [];

  readonly cacheFolder = path.join(this.folder, '.built');

  /** Writes a plugin. @param files by path; `main.mjs` is its main module */
  write(name: string, files: Record<string, string>, manifest: Record<string, unknown> = {}): string {
    const folder = path.join(this.folder, name);
    const usual = { name, version: '1.0.0', kit: '^1.0.0', kind: 'tool', description: 'A test', author: 'Tests', main: 'main.mjs' };
    const all = { 'plugin.json': JSON.stringify({ ...usual, ...manifest }), ...files };
    for (const [file, text] of Object.entries(all)) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text);
    }
    return folder;
  }

  /** A tool without settings whose `execute` has this body; `input` is anything, and so is what it returns. */
  writeTool(name: string, body: string, { head = '', ...manifest }: { head?: string; [key: string]: unknown } = {}): string {
    const main = `import { defineTool, z } from '@anneal/plugins/kit';
${head}
export default defineTool({ input: z.any(), output: z.any(), async execute(input, context) { ${body} } });`;
    return this.write(name, { 'main.mjs': main }, manifest);
  }

  /** @param folder of the plugin */
  async open(folder: string, options: Partial<PluginProcessOptions> & { isBuiltIn?: boolean } = {}): Promise<PluginProcess> {
    const { isBuiltIn = false, ...rest } = options;
    const opened = new PluginProcess({
      source: await loadManifest(folder, { isBuiltIn }),
      cacheFolder: this.cacheFolder,
      settings: {},
      permissions: { network: false },
      ...rest,
    });
    this.#opened.push(opened);
    return opened;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#opened.map((opened) => opened.stop({ graceSeconds: 0 })));
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
