import fs from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { isWithin } from './is-within.ts';
import { patternOutside } from './patterns.ts';
import type { Loader, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin as BuildPlugin, PluginBuild } from 'esbuild';

/** All modules of a plugin together that does not come with the studio. */
const mostBytes = 32 * 1024 * 1024;

interface Rules {
  /** Of the plugin, without symbolic links. */
  folder: string;
  /** Where the built kit lies, a file: URL. */
  kitUrl: string;
  /** Whether installed packages may be imported: of plugins that come with the studio. */
  mayImportPackages: boolean;
  hasNativeAddons: boolean;
}

const kitName = '@anneal/plugins/kit';
const withoutSharp = path.join(import.meta.dirname, 'without-sharp.ts');
const resolved = { isResolved: true };

/**
 * What a plugin may import: files of its own folder (whose real path is in it), the kit, and Node's own modules. A file from elsewhere would
 * become part of what is built, and could be read by the plugin.
 */
export function onlyInside({ folder, kitUrl, mayImportPackages, hasNativeAddons }: Rules): BuildPlugin {
  const mayRead = (file: string): boolean => mayImportPackages || isWithin(folder, file);

  async function resolve(build: PluginBuild, asked: OnResolveArgs): Promise<OnResolveResult | undefined> {
    if (asked.pluginData === resolved) return undefined;
    if (isBuiltin(asked.path)) return { path: asked.path.startsWith('node:') ? asked.path : `node:${asked.path}`, external: true };
    if (asked.path === kitName) return { path: kitUrl, external: true };
    if (asked.kind === 'entry-point') return { path: await fs.realpath(asked.path) };
    if (hasNativeAddons && asked.path === 'sharp') return { path: withoutSharp };
    const { importer, resolveDir, kind } = asked;
    const found = await build.resolve(asked.path, { importer, resolveDir, kind, pluginData: resolved });
    if (found.errors.length > 0) return { errors: found.errors, warnings: found.warnings };
    if (found.external || found.namespace !== 'file') return refuse(asked.path);
    const file = await fs.realpath(found.path);
    if (hasNativeAddons && isNative(file)) return { path: pathToFileURL(file).href, external: true };
    return mayRead(file) ? { path: file, sideEffects: found.sideEffects } : refuse(asked.path);
  }

  let bytes = 0;

  async function read(file: string): Promise<OnLoadResult | undefined> {
    bytes += mayImportPackages ? 0 : (await fs.stat(file)).size;
    if (bytes > mostBytes) return { errors: [{ text: `its modules have more than ${mostBytes} bytes, which is the most that is built` }] };
    const loader = Object.entries(loaders).find(([end]) => file.endsWith(end))?.[1];
    if (loader === undefined) return undefined;
    const contents = keepPlaces(file, await fs.readFile(file, 'utf8'));
    const pattern = mayImportPackages || loader === 'css' ? undefined : await patternOutside(contents, { file, folder, loader });
    return pattern === undefined ? { loader, contents } : refuse(pattern);
  }

  return {
    name: 'only-inside',
    setup(build) {
      build.onResolve({ filter: /.*/ }, (asked) => resolve(build, asked));
      // Some imports (of a pattern) are found without being resolved one by one.
      build.onLoad({ filter: /.*/ }, async ({ path: file, namespace }) => {
        if (namespace !== 'file' || !mayRead(await fs.realpath(file))) return refuse(file);
        return isWithin(folder, file) ? read(file) : undefined;
      });
    },
  };
}

const refuse = (asked: string) => ({
  errors: [
    {
      text: `${JSON.stringify(asked)} lies outside the plugin’s folder; a plugin can import its own files, its own node_modules, ${kitName} and node: modules`,
    },
  ],
});

/** Packages with native parts stay where they are. */
const isNative = (file: string): boolean => /[\\/]node_modules[\\/]onnxruntime-node[\\/]/.test(file) || file.endsWith('.node');

const loaders: Record<string, Loader> = {
  ...{ '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx' },
  ...{ '.js': 'js', '.mjs': 'js', '.cjs': 'js', '.jsx': 'jsx', '.css': 'css' },
};

/**
 * Each source goes on knowing where it lies, so that a plugin finds the files beside it. Maps of sources, which the builder would read
 * wherever they lie, are left out.
 */
function keepPlaces(file: string, text: string): string {
  const places: Record<string, string> = { dirname: path.dirname(file), filename: file, url: pathToFileURL(file).href };
  return text
    .replace(/\bimport\.meta\.(dirname|filename|url)\b/g, (_, name: string) => JSON.stringify(places[name]))
    .replace(/([#@]\s*)sourceMappingURL=/g, '$1no source map: ');
}
