import module from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { bindingOf, type InternalBinding } from './internals.ts';
import { refuse, replace } from './replace.ts';

type AnyFunction = (...given: unknown[]) => unknown;

// A plugin may replace these for itself afterwards, and must not be handed what they are called with.
const isArray: (value: unknown) => value is unknown[] = Array.isArray.bind(Array);
const isAbsolute = path.isAbsolute.bind(path);
const normalize = path.normalize.bind(path);
const join = path.join.bind(path);
const apply = Reflect.apply.bind(Reflect);

/**
 * How Node finds modules is no business of its permission model: it tells a plugin what is there outside of its folder, and in some versions
 * reads it. Here it answers for paths that may not be read as if there was nothing.
 */
export function cutFinding(internalBinding: InternalBinding | undefined): void {
  const mayRead = reader();
  const refused = refuse('a plugin must not look for files');
  replace(module, ['_stat', '_readPackage', 'findPackageJSON'], refused);
  limitPaths(mayRead);
  if (internalBinding === undefined) return;
  /** The native functions under it. */
  const limit = (name: string, functionName: string, nothing: () => unknown): void => {
    const target = bindingOf(internalBinding, name);
    const original = target && functionOf(target, functionName);
    if (original === undefined) return;
    // Some versions hand over the binding itself before the path.
    const limited: AnyFunction = (...given) =>
      mayRead(typeof given[0] === 'object' ? given[1] : given[0]) ? apply(original, target, given) : nothing();
    replace(target, [functionName], limited);
  };
  limit('fs', 'internalModuleStat', () => -2);
  limit('fs', 'internalModuleReadJSON', () => []);
  limit('fs', 'legacyMainResolve', refused);
  limit('fs', 'getFormatOfExtensionlessFile', () => 0);
  limit('fs', 'realpath', refused);
  limit('modules', 'readPackageJSON', () => undefined);
}

type MayRead = (place: unknown) => boolean;

/** What Node's permission model says of a path. */
function reader(): MayRead {
  const { permission } = process;
  const has = functionOf(permission, 'has') ?? (() => false);
  return (place) => typeof place === 'string' && isAbsolute(place) && apply(has, permission, ['fs.read', normalize(place)]) === true;
}

/** What `require` and `require.resolve` look at. */
function limitPaths(mayRead: MayRead): void {
  const original = functionOf(module, '_findPath');
  if (original === undefined) return;
  const limited: AnyFunction = (request, places, isMain) => {
    if (typeof request !== 'string') return false;
    if (isAbsolute(request)) return mayRead(request) ? original(request, places, isMain) : false;
    const looked: ArrayLike<unknown> = isArray(places) ? places : [];
    const readable: string[] = [];
    for (let at = 0; at < looked.length; at += 1) {
      const place = looked[at];
      if (typeof place === 'string' && mayRead(join(place, request))) readable[readable.length] = place;
    }
    return readable.length > 0 ? original(request, readable, isMain) : false;
  };
  replace(module, ['_findPath'], limited);
}

function functionOf(owner: object, name: string): AnyFunction | undefined {
  const found: unknown = Reflect.get(owner, name);
  return isFunction(found) ? found : undefined;
}

const isFunction = (value: unknown): value is AnyFunction => typeof value === 'function';
