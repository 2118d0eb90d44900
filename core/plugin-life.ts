import fs from 'node:fs';
import path from 'node:path';
import { builtInPluginsFolder } from '@anneal/plugins';
import type { PrismaClient } from '@anneal/prisma';
import type { StudioConfig } from './config.ts';
import { keyFile } from './keys/key-file.ts';
import type { LanguageModels } from './language-models/language-models.ts';
import { ModelUse } from './language-models/model-use.ts';
import type { OwnModels } from './language-models/own-models.ts';
import { ownPlugin, PluginModels } from './language-models/plugin-models.ts';
import type { Logger } from './logger.ts';
import { InstalledPlugins } from './installed-plugins/installed-plugins.ts';
import { PluginCalls } from './installed-plugins/plugin-calls.ts';
import { PluginDecisions } from './installed-plugins/plugin-decisions.ts';
import { PluginService } from './installed-plugins/plugins.ts';
import type { Bus } from './streams/bus.ts';

/** Plugins, and the language models that they bring. */
export interface PluginLife {
  readonly plugins: PluginService;
  readonly pluginCalls: PluginCalls;
  readonly languageModels: LanguageModels;
  readonly modelUse: ModelUse;
}

export interface PluginParts {
  config: StudioConfig;
  prisma: PrismaClient;
  bus: Bus;
  logger: Logger;
  ownModels: OwnModels;
}

/** @returns openPlugins: finds out which there are; closePlugins: ends their processes */
export function createPlugins({ config, prisma, bus, logger, ownModels }: PluginParts): PluginLife & {
  openPlugins: () => Promise<void>;
  closePlugins: () => Promise<void>;
} {
  const { dataFolder, pluginsFolder, pluginVariable: variable } = config;
  const decisions = new PluginDecisions(prisma, keyFile(dataFolder, 'plugins'));
  const installed = new InstalledPlugins({
    places: { builtIn: builtInPluginsFolder, others: pluginsFolder },
    cacheFolders: cacheFolders(dataFolder),
    foldersFor: async (name) => (name === ownPlugin ? ownModels.folders() : [path.join(dataFolder, 'models')]),
    decisions,
    bus,
    logger,
    variable,
  });
  const models = new PluginModels(installed, ownModels);
  return {
    plugins: new PluginService({ prisma, installed, decisions }),
    pluginCalls: new PluginCalls(prisma, installed),
    languageModels: models,
    modelUse: new ModelUse(models),
    openPlugins: () => installed.open(),
    closePlugins: () => installed.close(),
  };
}

/** Those that come with the studio are built once for all its data folders, where its own folder can be written. */
function cacheFolders(dataFolder: string): { builtIn: string; others: string } {
  const others = path.join(dataFolder, 'plugin-cache');
  try {
    fs.accessSync(builtInPluginsFolder, fs.constants.W_OK);
    return { builtIn: path.join(builtInPluginsFolder, '.cache'), others };
  } catch {
    return { builtIn: others, others };
  }
}
