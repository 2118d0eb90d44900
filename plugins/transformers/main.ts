import { defineLanguageModel } from '@anneal/plugins/kit';
import { Answers } from './answers.ts';
import { settings, type Settings } from './settings.ts';

const made = new WeakMap<Settings, Answers>();

/** One pool for as long as the settings are the same. */
function answersOf(chosen: Settings): Answers {
  const answers = made.get(chosen) ?? new Answers(chosen);
  made.set(chosen, answers);
  return answers;
}

export default defineLanguageModel({
  settings,
  models: (context) => answersOf(context.settings).describe(),
  generate: (request, context) => answersOf(context.settings).generate(request, context.signal),
  embed: (request, context) => answersOf(context.settings).embed(request, context.signal),
  countTokens: (request, context) => answersOf(context.settings).countTokens(request),
  warmUp: (model, context) => answersOf(context.settings).warmUp(model),
  unload: (model, context) => answersOf(context.settings).unload(model),
});
