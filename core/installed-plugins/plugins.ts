import type { PrismaClient } from '@anneal/prisma';
import { requireAdministrator, requireScope } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { audit, type Audited } from '../audit/audit.ts';
import { Conflict, Invalid, NotFound } from '../errors.ts';
import type { InstalledPlugin } from './installed-plugin.ts';
import type { InstalledPlugins } from './installed-plugins.ts';
import type { PluginChange, PluginDecision, PluginDecisions } from './plugin-decisions.ts';
import { explainPluginError } from './plugin-errors.ts';
import { asSentence } from './plugin-log.ts';
import type { PluginSettings } from './sealed-settings.ts';

export interface PluginServiceOptions {
  prisma: PrismaClient;
  installed: InstalledPlugins;
  decisions: PluginDecisions;
}

/** That calls under way have to end, less than a request may take. Seconds. */
const unloadingTime = 15;
/** JSON of all settings of a plugin. Characters. */
const longestSettings = 100_000;

/** Plugins belong to the studio: everybody sees what there is, administrators decide about it. */
export class PluginService {
  readonly #options: PluginServiceOptions;

  constructor(options: PluginServiceOptions) {
    this.#options = options;
  }

  /** All of them, by name. @throws Unauthenticated, Forbidden for keys that may not read */
  list(viewer: Viewer | null): InstalledPlugin[] {
    requireScope(viewer, 'read');
    return this.#options.installed.all;
  }

  /** One of them; null when there is none. @throws as `list` */
  find(viewer: Viewer | null, name: string): InstalledPlugin | null {
    requireScope(viewer, 'read');
    return this.#options.installed.find(name) ?? null;
  }

  /**
   * Lets it be used, and starts it: its state says whether that went well.
   * @throws NotFound, Conflict when it cannot be used as it lies there, Forbidden for all but administrators
   */
  async enable(viewer: Viewer, name: string): Promise<InstalledPlugin> {
    const plugin = this.#forChange(viewer, name);
    if (plugin.found.problem) throw new Conflict(asSentence(plugin.found.problem.message));
    await this.#decide(viewer, plugin, { action: 'enablePlugin' }, ({ problem, isNetworkAllowed }) => ({
      isEnabled: true,
      // What cannot be read any more is of no use, and what was decided about another plugin does not hold for this one.
      ...(problem !== null && { settings: {}, isNetworkAllowed }),
    }));
    // What goes wrong is in its status.
    await plugin.warmUp().catch(() => undefined);
    return plugin;
  }

  /** Ends it, and lets nobody use it. @throws NotFound, Forbidden for all but administrators */
  async disable(viewer: Viewer, name: string): Promise<InstalledPlugin> {
    const plugin = this.#forChange(viewer, name);
    await this.#decide(viewer, plugin, { action: 'disablePlugin' }, () => ({ isEnabled: false }));
    return plugin;
  }

  /**
   * Gives it the network that its manifest asks for, or takes it away.
   * @throws NotFound, Conflict when it asks for none, Forbidden for all but administrators
   */
  async setNetwork(viewer: Viewer, { name, isAllowed }: { name: string; isAllowed: boolean }): Promise<InstalledPlugin> {
    const plugin = this.#forChange(viewer, name);
    if (isAllowed && plugin.manifest?.permissions.network !== true) {
      throw new Conflict(`The plugin "${name}" does not ask for the network in its manifest, so it gets none.`);
    }
    const change = { action: 'setPluginNetwork', details: { isAllowed } };
    await this.#decide(viewer, plugin, change, () => ({ isNetworkAllowed: isAllowed }));
    return plugin;
  }

  /**
   * Changes settings, which the plugin's own schema checks. What is left out stays as it is, null takes a setting away.
   * @throws NotFound, Invalid with issues at `settings.…`, Conflict while it is disabled, PluginFailed, Forbidden for all but administrators
   */
  async updateSettings(viewer: Viewer, { name, settings }: { name: string; settings: unknown }): Promise<InstalledPlugin> {
    const plugin = this.#forChange(viewer, name);
    const change = settingsIn(settings);
    if (!plugin.isUsable) throw new Conflict(`The plugin "${name}" checks its settings itself, and does not run. Enable it first.`);
    await check(plugin, change);
    const changed = Object.keys(change);
    await this.#decide(viewer, plugin, { action: 'updatePluginSettings', details: { changed } }, (before) => ({
      settings: merged(before.settings, change),
    }));
    return plugin;
  }

  /** Loads a plugin anew from its folder, on all servers. @throws NotFound when it is not there any more, Forbidden for all but administrators */
  async reload(viewer: Viewer, name: string): Promise<InstalledPlugin> {
    this.#forChange(viewer, name);
    await this.#options.installed.reload(name);
    await this.#audit(viewer, { action: 'reloadPlugin', subject: { type: 'Plugin', id: name } });
    return this.#forChange(viewer, name);
  }

  /** Looks into the folders again, and loads all plugins anew, on all servers. @throws Forbidden for all but administrators */
  async reloadAll(viewer: Viewer): Promise<InstalledPlugin[]> {
    requireAdministrator(viewer);
    await this.#options.installed.reload();
    await this.#audit(viewer, { action: 'reloadPlugins' });
    return this.#options.installed.all;
  }

  /** Ends its process on this server, once its calls have ended; the next call starts it again. @throws NotFound, Forbidden for all but administrators */
  async unload(viewer: Viewer, name: string): Promise<InstalledPlugin> {
    const plugin = this.#forChange(viewer, name);
    await plugin.unload(unloadingTime);
    await this.#audit(viewer, { action: 'unloadPlugin', subject: { type: 'Plugin', id: name } });
    return plugin;
  }

  /** Starts its process on this server. @throws NotFound, PluginFailed, Forbidden for all but administrators */
  async warmUp(viewer: Viewer, name: string): Promise<InstalledPlugin> {
    const plugin = this.#forChange(viewer, name);
    await plugin.warmUp().catch((error: unknown) => {
      throw explainPluginError(error, 'name');
    });
    return plugin;
  }

  #forChange(viewer: Viewer, name: string): InstalledPlugin {
    requireAdministrator(viewer);
    const plugin = this.#options.installed.find(name);
    if (!plugin) throw new NotFound(`There is no plugin "${name.slice(0, 100)}".`);
    return plugin;
  }

  async #decide(
    viewer: Viewer,
    { name, found }: InstalledPlugin,
    { action, details }: Pick<Audited, 'action' | 'details'>,
    choose: (before: PluginDecision) => PluginChange,
  ): Promise<void> {
    const { prisma, decisions, installed } = this.#options;
    await prisma.$transaction(async (transaction) => {
      // Written as it is, so that nobody else changes it before the end of the transaction.
      await decisions.write(transaction, found, {}, viewer.userId);
      const change = choose(await decisions.read(found, transaction));
      await decisions.write(transaction, found, change, viewer.userId);
      await audit(transaction, viewer, { action, subject: { type: 'Plugin', id: name }, details });
    });
    await installed.decided(name);
  }

  async #audit(viewer: Viewer, entry: Audited): Promise<void> {
    await this.#options.prisma.$transaction((transaction) => audit(transaction, viewer, entry));
  }
}

/** @throws Invalid */
function settingsIn(given: unknown): PluginSettings {
  const refuse = (message: string) => new Invalid(message, [{ path: 'settings', message }]);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refuse('Settings are an object: { "name": value }.');
  if (JSON.stringify(given).length > longestSettings) throw refuse(`Settings have at most ${longestSettings} characters as JSON.`);
  return Object.fromEntries(Object.entries(given));
}

const merged = (before: PluginSettings, change: PluginSettings): PluginSettings =>
  Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null && value !== undefined));

/** @throws Invalid, PluginFailed */
async function check(plugin: InstalledPlugin, change: PluginSettings): Promise<void> {
  const known = await plugin.settingNames().catch((error: unknown) => {
    throw explainPluginError(error, 'settings');
  });
  const unknown = Object.keys(change).filter((name) => !known.includes(name));
  const there = known.length > 0 ? `It has ${known.map((name) => `"${name}"`).join(', ')}.` : 'It has none.';
  const found = unknown.map((name) => ({ path: name, message: `The plugin "${plugin.name}" has no such setting. ${there}` }));
  const issues = found.length > 0 ? found : await plugin.checkSettings(merged(plugin.decision.settings, change));
  if (issues.length === 0) return;
  const placed = issues.map(({ path, message }) => ({ path: path === '' ? 'settings' : `settings.${path}`, message }));
  throw new Invalid(`The settings of the plugin "${plugin.name}" are not valid.`, placed);
}
