import type { GenerateRequest } from '@anneal/plugins';
import { requireRole } from '../access/access.ts';
import type { Viewer } from '../access/viewer.ts';
import { explainPluginError } from '../installed-plugins/plugin-errors.ts';
import type { LanguageModel } from './language-models.ts';
import type { PluginModels } from './plugin-models.ts';

/** What members of a project do with its language models, besides asking them. */
export class ModelUse {
  readonly #models: PluginModels;

  constructor(models: PluginModels) {
    this.#models = models;
  }

  /** Tokens of a question; null where the model cannot tell. @throws NotFound, Invalid when there is no such model, Unavailable, PluginFailed */
  async countTokens(viewer: Viewer, projectId: string, request: GenerateRequest, signal: AbortSignal): Promise<number | null> {
    requireRole(viewer, { projectId, role: 'VIEWER', scope: 'read' });
    return this.#models.countTokens(projectId, request, signal).catch((error: unknown) => {
      throw explainPluginError(error, 'model');
    });
  }

  /** Loads a model ahead of the first question. @throws NotFound, Invalid when there is no such model, Unavailable, PluginFailed, Forbidden for viewers */
  async warmUp(viewer: Viewer, { projectId, model }: { projectId: string; model: string }, signal: AbortSignal): Promise<LanguageModel> {
    requireRole(viewer, { projectId, role: 'EDITOR', scope: 'execute' });
    const found = await this.#models.find(projectId, model);
    await this.#models.warmUp(projectId, model, signal).catch((error: unknown) => {
      throw explainPluginError(error, 'model');
    });
    return found;
  }
}
