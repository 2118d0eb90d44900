import { type Prisma, type PluginState, type PrismaClient } from '@anneal/prisma';
import { z } from 'zod';
import { Unavailable } from '../errors.ts';
import type { FoundPlugin } from './plugin-folders.ts';
import { openSettings, type PluginSettings, sealSettings } from './sealed-settings.ts';

/** What the operator has decided about a plugin. */
export interface PluginDecision {
  isEnabled: boolean;
  /** Whether it gets the network that its manifest asks for. */
  isNetworkAllowed: boolean;
  /** What was set; values of the environment are not among them. */
  settings: PluginSettings;
  /** Why what was set cannot be read; the plugin is disabled then. Null: it can. */
  problem: string | null;
  updatedAt: Date | null;
}

/** What can be decided; what is left out stays as it is. */
export type PluginChange = Partial<Pick<PluginDecision, 'isEnabled' | 'isNetworkAllowed' | 'settings'>>;

/** What holds for a plugin that nobody has decided about: those that come with the studio may be used, others have to be agreed to. */
const atFirst = (isBuiltIn: boolean): PluginDecision => ({
  isEnabled: isBuiltIn,
  isNetworkAllowed: isBuiltIn,
  settings: {},
  problem: null,
  updatedAt: null,
});

type Decided = Pick<FoundPlugin, 'name' | 'isBuiltIn' | 'source'>;

/** What is kept encrypted. */
const kept = z.strictObject({ settings: z.record(z.string(), z.unknown()), decidedFor: z.string() });

/**
 * By what a plugin is told from another one that was put under its name; a new version of it is the same. Null: it cannot be read.
 */
const identityOf = ({ isBuiltIn, source }: Decided): string | null => {
  if (isBuiltIn) return 'comes with the studio';
  return source && `${source.manifest.kind} by ${source.manifest.author}`;
};

/** The decisions in the database. Settings are encrypted there. */
export class PluginDecisions {
  readonly #prisma: PrismaClient;
  readonly #key: Buffer;

  constructor(prisma: PrismaClient, key: Buffer) {
    this.#prisma = prisma;
    this.#key = key;
  }

  async read(plugin: Decided, transaction: Prisma.TransactionClient = this.#prisma): Promise<PluginDecision> {
    const row = await transaction.pluginState.findUnique({ where: { name: plugin.name } });
    return row ? this.#decision(row, plugin) : atFirst(plugin.isBuiltIn);
  }

  /**
   * Makes a change within a transaction. Who else changes the same plugin waits, or is refused by the database.
   */
  async write(transaction: Prisma.TransactionClient, plugin: Decided, change: PluginChange, userId: string): Promise<void> {
    const { name, isBuiltIn } = plugin;
    const { settings, ...flags } = change;
    const { isEnabled, isNetworkAllowed } = { ...atFirst(isBuiltIn), ...flags };
    const sealed = Object.keys(change).length === 0 ? {} : await this.#sealed(transaction, plugin, settings);
    await transaction.pluginState.upsert({
      where: { name },
      update: { ...flags, ...sealed, updatedById: userId },
      create: { name, isEnabled, isNetworkAllowed, ...sealed, updatedById: userId },
    });
  }

  /** What was set is kept for the plugin that it was set for, unless it is set anew. */
  async #sealed(
    transaction: Prisma.TransactionClient,
    plugin: Decided,
    set: PluginSettings | undefined,
  ): Promise<{ settings?: Uint8Array<ArrayBuffer> }> {
    const before = await this.read(plugin, transaction);
    const decidedFor = identityOf(plugin);
    if (decidedFor === null || (set === undefined && before.problem !== null)) return {};
    return { settings: new Uint8Array(sealSettings(this.#key, plugin.name, { settings: set ?? before.settings, decidedFor })) };
  }

  #decision({ name, isEnabled, isNetworkAllowed, settings, updatedAt }: PluginState, plugin: Decided): PluginDecision {
    const decision = { isEnabled, isNetworkAllowed, settings: {}, problem: null, updatedAt };
    if (!settings) return decision;
    try {
      const opened = kept.safeParse(openSettings(this.#key, name, settings)).data;
      if (opened === undefined)
        throw new Unavailable(`What was decided about the plugin "${name}" cannot be read. Enable it, and make its settings anew.`);
      const identity = identityOf(plugin);
      if (identity === null || identity === opened.decidedFor) return { ...decision, settings: opened.settings };
      const problem = `Another plugin than the one that was decided about has the name "${name}": that one was a ${opened.decidedFor}, this one is a ${identity}. Enable it if you agree to it; what was set for the other one is taken away then.`;
      return { ...decision, isEnabled: false, isNetworkAllowed: false, problem };
    } catch (error) {
      // Without what was set it might ask somebody else than was meant.
      if (error instanceof Unavailable) return { ...decision, isEnabled: false, problem: error.message };
      throw error;
    }
  }
}
