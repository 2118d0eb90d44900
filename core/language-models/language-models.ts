import type { EmbedAnswer, EmbedRequest, GenerateEvent, GenerateRequest, ModelDescription } from '@anneal/plugins';

/** A model that can be asked. */
export interface LanguageModel extends ModelDescription {
  /** `plugin/model`: claude/claude-sonnet-4-5, anneal/reviewer@production. The model within the plugin is what follows the first slash. */
  id: string;
  /** Name of the plugin. */
  plugin: string;
}

/**
 * The one way to every model, whoever runs it: a provider elsewhere, a folder on this machine, a version that was tuned here. Nothing
 * here retries, caches or counts money: that is the business of executions. `request.model` is the whole id. What is asked for is the
 * caller's business too: whoever calls has checked that the project may be used.
 */
export interface LanguageModels {
  /** Models of all enabled plugins that this project may ask, by id. A plugin that cannot tell its models is left out. */
  list(projectId: string): Promise<LanguageModel[]>;
  /** @throws Invalid with an issue at `model` that names what there is, when no enabled plugin has it; Unavailable when the plugin cannot be asked */
  find(projectId: string, id: string): Promise<LanguageModel>;
  /**
   * Which model has an id at the moment: another text when an alias was moved to another version, or the files of a model of this studio
   * were replaced. Of a provider's models nothing but the id is known.
   * @throws Invalid, Unavailable when a model of this studio cannot be asked
   */
  identityOf(projectId: string, id: string): Promise<string>;
  /** The pieces of an answer as they come; the last one is the `end`. Leaving the loop, or the signal, cancels it. @throws Invalid, ModelError */
  generate(projectId: string, request: GenerateRequest, signal: AbortSignal): AsyncIterable<GenerateEvent>;
  /** @throws Invalid, ModelError */
  embed(projectId: string, request: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer>;
  /** Tokens of a question; null when the model cannot tell without being asked. @throws Invalid, ModelError */
  countTokens(projectId: string, request: GenerateRequest, signal: AbortSignal): Promise<number | null>;
}
