import { randomUUID } from 'node:crypto';
import { anything, type Bus } from '../streams/bus.ts';
import { InstalledPlugin, type PluginRooms } from './installed-plugin.ts';
import type { PluginDecisions } from './plugin-decisions.ts';
import { findPlugins, type FoundPlugin, type PluginPlaces } from './plugin-folders.ts';

export interface InstalledPluginsOptions extends PluginRooms {
  places: PluginPlaces;
  decisions: PluginDecisions;
  bus: Bus;
}

const reloading = 'reload';

/**
 * All plugins that lie in the folders, by name, on this server. Servers that share a database tell each other what was decided, and what is
 * to be loaded anew.
 */
export class InstalledPlugins {
  readonly #options: InstalledPluginsOptions;
  /** So that a server does not hear itself. */
  readonly #serverId = randomUUID();
  #plugins: ReadonlyMap<string, InstalledPlugin> = new Map();
  /** Whose place others have taken, while calls of them are under way. */
  readonly #retired = new Set<InstalledPlugin>();
  #stopListening: (() => void) | undefined;
  /** One look into the folders at a time. */
  #looking: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: InstalledPluginsOptions) {
    this.#options = options;
  }

  get all(): InstalledPlugin[] {
    return [...this.#plugins.values()];
  }

  find(name: string): InstalledPlugin | undefined {
    return this.#plugins.get(name);
  }

  /** Finds out what there is, and follows what is decided. No plugin is started, and none keeps the studio from starting. */
  async open(): Promise<void> {
    await this.#look(() => true);
    this.#stopListening = this.#options.bus.topic('plugin').listenToAll((key) => void this.#hear(key));
  }

  /** Reads the folders again, and loads plugins anew. @param name only this one; left out: all */
  async reload(name?: string): Promise<void> {
    await this.#look((found) => name === undefined || found === name);
    this.#options.bus.topic('plugin').publish(`${reloading}/${this.#serverId}/${name ?? anything}`);
  }

  /** Takes over what was decided about a plugin, here and on the other servers. */
  async decided(name: string): Promise<void> {
    await this.#apply(name);
    this.#options.bus.topic('plugin').publish(name);
  }

  /** Ends all processes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening?.();
    await this.#looking;
    await Promise.all([...this.all, ...this.#retired].map((plugin) => plugin.close()));
  }

  async #hear(key: string): Promise<void> {
    const [what, serverId, name] = key.split('/');
    try {
      if (key === anything) await Promise.all(this.all.map((plugin) => this.#apply(plugin.name)));
      else if (what !== reloading) await this.#apply(key);
      else if (serverId !== this.#serverId) await this.#look((found) => name === anything || found === name);
    } catch (error) {
      this.#options.logger.error({ error, key }, 'a change of a plugin could not be taken over');
    }
  }

  async #apply(name: string): Promise<void> {
    const plugin = this.find(name);
    if (plugin) plugin.apply(await this.#options.decisions.read(plugin.found));
  }

  /** @param isMeant whether what is there of a plugin is to be replaced even if it is running */
  #look(isMeant: (name: string) => boolean): Promise<void> {
    const look = this.#looking.then(async () => {
      if (this.#isClosed) return;
      const found = await findPlugins(this.#options.places);
      const plugins = await Promise.all(
        found.map(async (one): Promise<[string, InstalledPlugin]> => {
          const known = this.find(one.name);
          return [one.name, known && !isMeant(one.name) ? known : await this.#make(one)];
        }),
      );
      const before = this.#plugins;
      this.#plugins = new Map(plugins);
      for (const [name, plugin] of before) if (this.#plugins.get(name) !== plugin) this.#retire(plugin);
    });
    this.#looking = look.catch(() => undefined);
    return look;
  }

  #retire(plugin: InstalledPlugin): void {
    this.#retired.add(plugin);
    void plugin.retire().then(() => this.#retired.delete(plugin));
  }

  async #make(found: FoundPlugin): Promise<InstalledPlugin> {
    const { decisions, logger } = this.#options;
    if (found.problem) logger.warn({ plugin: found.name }, found.problem.message);
    const decision = await decisions.read(found);
    if (decision.problem !== null) logger.error({ plugin: found.name }, decision.problem);
    return new InstalledPlugin(found, decision, this.#options);
  }
}
