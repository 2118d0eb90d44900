import { createHash } from 'node:crypto';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type BuildContext,
  type BuildFailure,
  type BuildOptions,
  type BuildResult,
  context,
  type Message,
  type Plugin as BuildPlugin,
  stop,
} from 'esbuild';
import { isWithin } from './is-within.ts';
import { onlyInside } from './only-inside.ts';
import { keepBuilt, type Made } from './kept-builds.ts';
import { PluginFailure } from './plugin-failure.ts';
import type { PluginSource } from './types.ts';

const kit = path.join(import.meta.dirname, '..', 'kit');
const kitModule = path.join(kit, 'index.ts');
const insideProgram = path.join(import.meta.dirname, 'inside', 'main.ts');

/** Absolute paths of built files. */
export interface Built {
  /** What a plugin's process begins with. */
  program: string;
  plugin: string;
  /** The author's interface, which both of them use. */
  kit: string;
}

/**
 * A plugin and all that it imports in one file of JavaScript, and what it runs with. All are kept in the cache folder, and made anew when a
 * source has changed.
 * @throws PluginFailure SOURCE_INVALID: it does not parse, or imports what lies outside its folder; START_TIMEOUT: building takes too long
 */
export async function buildPlugin({ manifest, folder, isBuiltIn }: PluginSource, cacheFolder: string): Promise<Built> {
  const kitFile = await keepBuilt(cacheFolder, 'kit', () => bundle(kitModule, cacheFolder, []));
  const kitUrl = pathToFileURL(kitFile).href;
  const rules = onlyInside({
    folder,
    kitUrl,
    mayImportPackages: isBuiltIn,
    hasNativeAddons: isBuiltIn && manifest.permissions.nativeAddons,
  });
  const name = `${manifest.name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
  const seconds = Math.max(manifest.limits.startSeconds, isBuiltIn ? ownSeconds : leastSeconds);
  const [program, plugin] = await Promise.all([
    keepBuilt(cacheFolder, 'inside', () => bundle(insideProgram, cacheFolder, [sharedKit(kitUrl)]), kitUrl),
    keepBuilt(cacheFolder, name, () => bundle(path.join(folder, manifest.main), cacheFolder, [rules], seconds), kitUrl).catch(
      (error: unknown) => {
        if (error instanceof TooLate)
          throw new PluginFailure('START_TIMEOUT', `the plugin ${manifest.name} was not built within ${seconds} s`);
        throw isBuildFailure(error) ? refuse(error, manifest.name, folder) : error;
      },
    ),
  ]);
  return { program, plugin, kit: kitFile };
}

/** What packages written for CommonJS take for granted. */
const forCommonJs = `import { createRequire as requireFrom } from 'node:module';
import { fileURLToPath as pathOf } from 'node:url';
const require = requireFrom(import.meta.url), __filename = pathOf(import.meta.url), __dirname = pathOf(new URL('.', import.meta.url));`;

/** What building may take: of what comes with the studio, and at least, as the machine may be busy. Seconds. */
const [ownSeconds, leastSeconds] = [120, 10];
/** For which the builder may go on after it was told to stop, before its process is ended. Seconds. */
const cancelSeconds = 2;

class TooLate extends Error {}

async function bundle(main: string, cacheFolder: string, plugins: BuildPlugin[], seconds = ownSeconds): Promise<Made> {
  const building = await context({
    entryPoints: [main],
    absWorkingDir: path.dirname(main),
    // Whatever settings of TypeScript lie about are not read.
    tsconfigRaw: {},
    ...{ bundle: true, write: false, metafile: true, logLevel: 'silent', legalComments: 'none' },
    ...{ outfile: path.join(cacheFolder, 'plugin.mjs'), sourcemap: 'inline', sourcesContent: false },
    ...{ platform: 'node', format: 'esm', target: 'node20.19', loader: { '.wasm': 'binary', '.txt': 'text' } },
    banner: { js: forCommonJs },
    plugins,
  });
  const { metafile, outputFiles } = await inTime(building, seconds);
  const [output] = outputFiles;
  if (output === undefined) throw new Error('nothing was built');
  return { code: output.text, sources: Object.keys(metafile.inputs).map((input) => path.resolve(path.dirname(main), input)) };
}

/** @throws TooLate; the builder works on nothing of it then */
async function inTime<Options extends BuildOptions>(building: BuildContext<Options>, seconds: number): Promise<BuildResult<Options>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate()), seconds * 1000);
  });
  try {
    return await Promise.race([building.rebuild(), late]);
  } catch (error) {
    // One builder serves all: it is ended where it does not let go, or has ended itself, and the next build starts another one.
    const isGone = error instanceof Error && /The service (was stopped|is no longer running)/.test(error.message);
    if (isGone || (error instanceof TooLate && !(await letsGo(building)))) await stop();
    throw error;
  } finally {
    clearTimeout(timer);
    void building.dispose().catch(() => undefined);
  }
}

async function letsGo(building: BuildContext): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), cancelSeconds * 1000);
  });
  const isCancelled = await Promise.race([building.cancel().then(() => true), waited]);
  clearTimeout(timer);
  return isCancelled;
}

/** The program inside uses the plugin's own copy of the kit, and of zod, which the kit brings. */
const sharedKit = (kitUrl: string): BuildPlugin => ({
  name: 'shared-kit',
  setup(building) {
    building.onResolve({ filter: /^zod$|\/kit\// }, ({ path: asked, resolveDir }) =>
      asked === 'zod' || isWithin(kit, path.resolve(resolveDir, asked)) ? { path: kitUrl, external: true } : undefined,
    );
  },
});

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors);

function refuse(error: BuildFailure, name: string, folder: string): PluginFailure {
  const problems = error.errors.slice(0, 5).map((problem) => describe(problem, folder));
  return new PluginFailure('SOURCE_INVALID', `the plugin ${name} cannot be built: ${problems.join('; ')}`, { cause: error });
}

const describe = ({ text, location }: Message, folder: string): string =>
  location === null ? text : `${path.relative(folder, path.resolve(folder, location.file))}:${location.line}: ${text}`;
