import type { z } from 'zod';
import type { Issue, PluginContext } from './context.ts';
import type { PluginKind } from './manifest.ts';

/** Anything that JSON can say. */
export type Json = z.infer<ReturnType<typeof z.json>>;

/** JSON Schema (draft 2020-12). A secret has `"secret": true, "format": "password", "writeOnly": true`. */
export type JsonSchema = Record<string, Json>;

/** One thing that a plugin can be asked, by a call with one answer or by one with an answer in pieces. */
export interface PluginMethod {
  readonly input: JsonSchema;
  /** Of the answer, or of one piece. */
  readonly output: JsonSchema;
  readonly isStream: boolean;
  /** @throws InputProblem */
  run(input: unknown, context: PluginContext): Promise<unknown> | AsyncIterable<unknown>;
}

/** What the module of a plugin exports by default; made by one of the `define…` functions. */
export interface Plugin {
  readonly kind: PluginKind;
  readonly settings: JsonSchema;
  readonly methods: ReadonlyMap<string, PluginMethod>;
  checkSettings(settings: unknown): Promise<Issue[]>;
}

/** The input or the settings do not fit; nothing was done. */
export class InputProblem extends Error {
  readonly issues: readonly Issue[];
  readonly isAboutSettings: boolean;

  constructor(message: string, issues: readonly Issue[], { isAboutSettings = false } = {}) {
    super(message);
    this.name = 'InputProblem';
    this.issues = issues;
    this.isAboutSettings = isAboutSettings;
  }
}

/** A function of the plugin gave something else than its schema says: a mistake in the plugin. */
export class ResultProblem extends Error {
  override readonly name = 'ResultProblem';
}
