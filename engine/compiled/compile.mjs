// Plain JavaScript: what makes other programs start needs no loader itself.
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const engine = path.join(import.meta.dirname, '..');
const folder = path.join(engine, '.cache', 'programs');

/** Packages that go into the file: small ones that every program needs. All others stay what they are. */
const included = ['@huggingface/jinja', '@huggingface/tokenizers', 'csv-parse', 'hyparquet', 'hyparquet-compressors', 'zod'];

/** Files of earlier versions are left for processes that have just been started. Milliseconds. */
const lifetime = 3_600_000;

/**
 * A program and all that it needs of the engine in one file of plain JavaScript, which is loaded in a fraction of the time that
 * hundreds of TypeScript files take. It is kept, and made anew when one of its sources has changed.
 * @param {string} program absolute path of a TypeScript file
 * @returns {Promise<string>} path of the file
 * @throws {Error} where it cannot be made or kept
 */
export async function compile(program) {
  const name = nameOf(program);
  const note = path.join(folder, `${name}.json`);
  const known = fresh(note, program);
  if (known !== null) return known;
  const begun = Date.now();
  const { code, map, sources } = await bundle(program);
  const file = path.join(folder, `${name}-${createHash('sha256').update(code).digest('hex').slice(0, 16)}.mjs`);
  fs.mkdirSync(folder, { recursive: true });
  replace(`${file}.map`, map);
  replace(file, `${code}//# sourceMappingURL=${path.basename(file)}.map\n`);
  removeEarlier(name, file);
  const stamps = [import.meta.filename, ...sources].map((source) => [source, stamp(source)]);
  // What was written meanwhile may be in it, or not.
  if (stamps.every(([, { changedAt }]) => changedAt < begun)) replace(note, JSON.stringify({ program, file, stamps }));
  return file;
}

/** `worker-main` */
function nameOf(program) {
  const place = path.relative(engine, program).replace(/\.ts$/, '');
  return place
    .split(path.sep)
    .filter((part) => part !== '..')
    .join('-');
}

/** The file that a note names, if it is there and nothing that it was made of has changed. */
function fresh(note, wanted) {
  try {
    const { program, file, stamps } = JSON.parse(fs.readFileSync(note, 'utf8'));
    const isSame = ([source, { size, changedAt }]) => {
      const now = stamp(source);
      return now.size === size && now.changedAt === changedAt;
    };
    return program === wanted && stamps.every(isSame) && fs.existsSync(file) ? file : null;
  } catch {
    return null;
  }
}

const stamp = (file) => {
  const { size, mtimeMs: changedAt } = fs.statSync(file);
  return { size, changedAt };
};

async function bundle(program) {
  const { build } = await import('esbuild');
  const { metafile, outputFiles } = await build({
    entryPoints: [program],
    absWorkingDir: engine,
    tsconfigRaw: {},
    ...{ bundle: true, write: false, metafile: true, logLevel: 'silent' },
    // So that a stack names the places in the sources.
    ...{ outfile: path.join(folder, 'program.mjs'), sourcemap: 'external', sourcesContent: false },
    ...{ platform: 'node', format: 'esm', target: 'node20.19' },
    plugins: [
      { name: 'packages', setup: leavePackages },
      { name: 'places', setup: keepPlaces },
    ],
  });
  const text = (end) => outputFiles.find((output) => output.path.endsWith(end)).text;
  return {
    code: text('.mjs'),
    map: text('.mjs.map'),
    sources: Object.keys(metafile.inputs).map((input) => path.join(engine, input)),
  };
}

/** Packages are loaded as they are installed, but for those that go into the file and those of this repository. */
function leavePackages({ onResolve }) {
  onResolve({ filter: /^(@[^/]+\/)?\w/ }, ({ path: wanted, kind, resolveDir: from }) => {
    const [name = ''] = /^(@[^/]+\/)?[^/]+/.exec(wanted) ?? [];
    const isIncluded = included.includes(name) || name.startsWith('@anneal/') || from.split(path.sep).includes('node_modules');
    if (kind === 'entry-point' || isBuiltin(wanted) || isIncluded) return undefined;
    // What is compiled lies elsewhere than its sources: there it must find the same package.
    if (packageFrom(from, name) !== packageFrom(folder, name)) throw new Error(`${from} has a package ${name} of its own`);
    return { path: wanted, external: true };
  });
}

/** Where a package is found that a file in this folder asks for. */
function packageFrom(from, name) {
  const place = path.join(from, 'node_modules', name);
  if (fs.existsSync(place)) return place;
  const above = path.dirname(from);
  return above === from ? null : packageFrom(above, name);
}

/** Each source goes on knowing where it lies: that is where programs and files beside it are looked for. */
function keepPlaces({ onLoad }) {
  onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
    const places = { dirname: path.dirname(file), filename: file, url: pathToFileURL(file).href };
    const text = fs.readFileSync(file, 'utf8');
    return { loader: 'ts', contents: text.replace(/\bimport\.meta\.(dirname|filename|url)\b/g, (_, name) => JSON.stringify(places[name])) };
  });
}

function replace(file, content) {
  const partial = `${file}.${randomUUID()}.partial`;
  fs.writeFileSync(partial, content);
  fs.renameSync(partial, file);
}

function removeEarlier(name, current) {
  for (const found of fs.readdirSync(folder)) {
    const file = path.join(folder, found);
    const isOurs = found.startsWith(`${name}-`) && /^-[0-9a-f]{16}\.mjs/.test(found.slice(name.length));
    if (isOurs && file !== current && Date.now() - fs.statSync(file).mtimeMs > lifetime) fs.rmSync(file, { force: true });
  }
}
