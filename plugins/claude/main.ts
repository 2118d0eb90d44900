import { defineLanguageModel } from '@anneal/plugins/kit';
import { countTokens } from './count-tokens.ts';
import { generate } from './generate.ts';
import { models } from './models.ts';
import { settings } from './settings.ts';

export default defineLanguageModel({
  settings,
  models,
  generate: (request, context) => generate(request, context.settings, context.signal),
  countTokens: (request, context) => countTokens(request, context.settings, context.signal),
});
