import { X509Certificate } from 'node:crypto';
import net from 'node:net';

/** Gives what Node's own modules are made of: an object of native functions by its name. */
export type InternalBinding = (name: string) => unknown;

const holders: readonly object[] = [net.BlockList.prototype, net.SocketAddress.prototype, Blob.prototype, X509Certificate.prototype];

/**
 * Closes the way on which any code can reach Node's internals, and gives what lies at its end, so that it can be cut there as well.
 *
 * Where a message is read (`structuredClone`, ports, channels), Node makes objects of the classes that the message itself names, from any of
 * its internal modules, and looks at the class's prototype for a method under a symbol that all code can have. A getter for this symbol on
 * `Object.prototype` is handed those internals. The function that makes such objects is replaced for good by one that refuses; messages go
 * on carrying all that the language itself has, and ports.
 * @returns undefined where this version of Node does not have that way
 * @throws Error where it cannot be closed, or not be looked for
 */
export function closeInternals(): InternalBinding | undefined {
  const clone = symbolOf('messaging_clone_symbol');
  const deserialize = symbolOf('messaging_deserialize_symbol');
  if (clone === undefined || deserialize === undefined) throw new Error(unknownVersion);
  const internalBinding = reach(clone, deserialize, 'internal/bootstrap/realm:internalBinding');
  const filtered = reach(clone, deserialize, 'internal/test/binding:internalBinding');
  if (internalBinding === undefined && filtered === undefined) return undefined;
  if (internalBinding === undefined) throw new Error(unknownVersion);
  const messaging = bindingOf(internalBinding, 'messaging') ?? {};
  const setters = ['setDeserializerCreateObjectFunction', 'setDeserializerCreateFunction'];
  for (const name of setters) {
    const set: unknown = Reflect.get(messaging, name);
    if (typeof set === 'function') Reflect.apply(set, messaging, [refuseObject]);
  }
  if (reach(clone, deserialize, 'internal/bootstrap/realm:internalBinding') !== undefined) throw new Error(unknownVersion);
  return internalBinding;
}

const unknownVersion = `plugins cannot be held on this version of Node (${process.version}): what they could reach its internals by cannot be closed; use Node 20, 22 or 24`;

function refuseObject(): never {
  throw Object.assign(new Error('a plugin cannot send objects of this class in messages'), { code: 'ERR_ACCESS_DENIED' });
}

const symbolOf = (description: string): symbol | undefined =>
  holders.flatMap((holder) => Object.getOwnPropertySymbols(holder)).find((symbol) => symbol.description === description);

/** What an internal module exports under a name. @param named as `module:name` */
function reach(clone: symbol, deserialize: symbol, named: string): InternalBinding | undefined {
  let found: unknown;
  Object.defineProperty(Object.prototype, deserialize, {
    configurable: true,
    get() {
      found ??= Reflect.get(Object(this) as object, 'constructor');
      return undefined;
    },
  });
  try {
    const message = new net.BlockList();
    Object.defineProperty(message, clone, { value: () => ({ data: {}, deserializeInfo: named }) });
    structuredClone(message);
  } catch {
    // It is no class: what it is has been seen.
  } finally {
    Reflect.deleteProperty(Object.prototype, deserialize);
  }
  return isFunction(found) ? found : undefined;
}

const isFunction = (value: unknown): value is InternalBinding => typeof value === 'function';

/** Undefined: this version has no such binding. */
export function bindingOf(internalBinding: InternalBinding, name: string): object | undefined {
  try {
    const found = internalBinding(name);
    return typeof found === 'object' && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}
